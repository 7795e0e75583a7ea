// Readable forms of UCUM units (https://ucum.org/ucum, case-sensitive codes).

const atoms: Record<string, string> = {
  '1': '',
  '%': '%',
  Cel: '°C',
  '[degF]': '°F',
  K: 'K',
  deg: '°',
  Ohm: 'Ω',
  '[ppth]': '‰',
  '[ppm]': 'ppm',
  '[ppb]': 'ppb',
  '[psi]': 'psi',
  '[in_i]': 'in',
  '[ft_i]': 'ft',
  '[pH]': 'pH',
  "'": '′',
  "''": '″',
  l: 'L',
  'mm[Hg]': 'mmHg',
  'm[H2O]': 'mH₂O',
  'B[SPL]': 'B',
  'dB[SPL]': 'dB',
}

// What people read on a machine's plate where UCUM can only say it with an annotation.
const wholes: Record<string, string> = {
  '{rev}/min': 'r/min',
  '{r}/min': 'r/min',
  'V.A{reactive}': 'var',
  'V.A{var}': 'var',
  'kV.A{reactive}': 'kvar',
  'kV.A{var}': 'kvar',
  'kV.A.h{reactive}': 'kvar·h',
  'kV.A{reactive}.h': 'kvar·h',
  '10*3': '×10³',
}

const superscripts: Record<string, string> = {
  '-': '⁻',
  '+': '',
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
}

/** readableUnit turns a UCUM code into what people read: Cel → °C, kW.h → kW·h, m/s2 → m/s². "1" has none. */
export function readableUnit(ucum: string | undefined): string {
  if (!ucum) return ''
  const whole = wholes[ucum]
  if (whole !== undefined) return whole
  let out = ''
  // A bracketed atom, an annotation, a separator, or a run of letters with its exponent.
  for (const part of ucum.match(/[^./{}[\]]*\[[^\]]*\]|\{[^}]*\}|[./]|[^./{}[\]]+/g) ?? []) {
    if (part === '.') out += '·'
    else if (part === '/') out += '/'
    else if (part.startsWith('{')) out += annotation(part.slice(1, -1), out)
    else out += atom(part)
  }
  return out
}

function annotation(note: string, before: string): string {
  const text = note.replace(/CO2/g, 'CO₂')
  return before === '' || before.endsWith('/') || before.endsWith('·') ? text : ` ${text}`
}

function atom(code: string): string {
  const known = atoms[code]
  if (known !== undefined) return known
  const power = /^10[*^]([+-]?\d+)$/.exec(code)
  if (power) return `10${raise(power[1] ?? '')}`
  const [, name = code, exponent = ''] = /^(\D+?)([+-]?\d+)?$/.exec(code) ?? []
  const base = atoms[name] ?? micro(name)
  return base + raise(exponent)
}

function micro(name: string): string {
  return /^u[A-Za-z]/.test(name) ? `µ${name.slice(1).replace(/^Ohm$/, 'Ω')}` : name.replace(/Ohm$/, 'Ω')
}

function raise(exponent: string): string {
  return exponent.replace(/./g, (c) => superscripts[c] ?? c)
}

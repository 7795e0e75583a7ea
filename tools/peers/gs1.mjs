// Judges of what internal/identify/gs1 reads and writes. Reads a JSON array of questions from standard input, writes the array of answers.
//   node gs1.mjs bwipp          [{text, link, requisites}] → [{ok, error}]     BWIPP: GS1's dictionary and linters, in PostScript once
//   node gs1.mjs toolkit        [{do, text, stem}]         → [{ok, value}]     GS1's Digital Link toolkit, as digital-link.js carries it
//   node gs1.mjs time N         {text, link}               → {bwipp, toolkit}  readings per second of processor time
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(import.meta.url)
const [, , mode, times] = process.argv
const questions = JSON.parse(readFileSync(0, 'utf8'))

// A symbol too small for anything: what BWIPP has against the data comes first, that they do not fit comes last and quickly.
const tooSmall = { version: '1', eclevel: 'H' }
const bwipp = (bwipjs, { text, link, requisites }) => {
  try {
    bwipjs.raw({ bcid: link ? 'gs1dlqrcode' : 'gs1qrcode', text, lintreqs: requisites !== false, ...tooSmall })
    return { ok: true }
  } catch (e) {
    const error = String(e.message ?? e)
    return /bwipp\.qrcode/.test(error) ? { ok: true } : { ok: false, error }
  }
}

const loadToolkit = () =>
  new (require('digital-link.js/lib/GS1DigitalLinkCompressionPrototype/GS1DigitalLinkToolkit.js'))()
const toolkit = (t, { do: what, text, stem }) => {
  try {
    switch (what) {
      case 'extract':
        return { ok: true, value: t.extractFromGS1digitalLink(text) }
      case 'build':
        return { ok: true, value: t.gs1ElementStringsToGS1DigitalLink(text, false, stem) }
      case 'compress':
        return { ok: true, value: t.compressGS1DigitalLink(text, false, stem, false, true, false) }
      case 'compress-all':
        return { ok: true, value: t.compressGS1DigitalLink(text, false, stem, false, true, true) }
      case 'compress-part':
        return { ok: true, value: t.gs1ElementStringsToCompressedGS1DigitalLink(text, false, stem, true, true) }
      case 'decompress':
        return { ok: true, value: t.extractFromCompressedGS1digitalLink(text) }
    }
  } catch (e) {
    return { ok: false, error: String(e.message ?? e) }
  }
}

const rate = (n, f) => {
  const before = process.cpuUsage()
  for (let i = 0; i < n; i++) f()
  const used = process.cpuUsage(before)
  return Math.round((n * 1e6) / (used.user + used.system))
}

const answer = async () => {
  if (mode === 'toolkit') {
    const t = loadToolkit()
    return questions.map(q => toolkit(t, q))
  }
  const bwipjs = (await import('bwip-js/node')).default
  if (mode === 'bwipp') return questions.map(q => bwipp(bwipjs, q))
  const t = loadToolkit()
  bwipp(bwipjs, questions)
  return {
    bwipp: rate(Number(times), () => bwipp(bwipjs, { text: questions.text })),
    toolkit: rate(Number(times), () => toolkit(t, { do: 'extract', text: questions.link })),
  }
}
// What the toolkit prints on the way is not the answer.
console.log = console.error
process.stdout.write(JSON.stringify(await answer()))

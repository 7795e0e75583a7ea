import { describe, expect, it } from 'vitest'

import { readableUnit } from './unit'

describe('readableUnit', () => {
  it.each([
    ['Cel', '°C'],
    ['kW.h', 'kW·h'],
    ['mm/s', 'mm/s'],
    ['m/s2', 'm/s²'],
    ['mm/s2', 'mm/s²'],
    ['m3/h', 'm³/h'],
    ['1', ''],
    ['', ''],
    ['%', '%'],
    ['um', 'µm'],
    ['kOhm', 'kΩ'],
    ['deg', '°'],
    ['/min', '/min'],
    ['{rev}/min', 'r/min'],
    ['kV.A{reactive}.h', 'kvar·h'],
    ['t{CO2}', 't CO₂'],
    ['10*6', '10⁶'],
    ['m.s-2', 'm·s⁻²'],
    ['[degF]', '°F'],
    ['[in_i]', 'in'],
    ['mm[Hg]', 'mmHg'],
    ['L/min', 'L/min'],
    ['kg.m2', 'kg·m²'],
  ])('%s reads %s', (ucum, want) => {
    expect(readableUnit(ucum)).toBe(want)
  })
  it('has nothing to show for a series without a unit', () => {
    expect(readableUnit(undefined)).toBe('')
  })
})

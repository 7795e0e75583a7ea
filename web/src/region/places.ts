import type { I18n } from '../i18n'
import type { Progress } from '../targets/queries'
import type { Grid, KeptFirm, Region } from './figures'
import type { Standing } from './league'

const changes = ['increase-by', 'decrease-by', 'multiply-by']

/** divisionsOf tells why the parts of a region have no values: because they are a change of the whole, or counted once. */
export const divisionsOf = (x: Progress): 'change' | 'region' =>
  x.indicator.of === 'enterprise' && changes.includes(x.comparator) ? 'change' : 'region'

/** placesOf are the parts of the region, by the names of its tiles. */
export function placesOf(x: Progress, grid: Grid | undefined, n: I18n['n']): Standing[] {
  const names = new Map(grid?.tiles.map((t) => [t.code, n(t.name)]))
  return x.divisions.map((d) => ({
    key: d.code,
    name: names.get(d.code) ?? d.code,
    number: d.number,
    known: d.known,
    of: d.of,
    grade: d.grade,
    reason: n(d.text),
  }))
}

/** firmsOf are the enterprises with values of their own; of what is only counted there is no order. */
export function firmsOf(x: Progress, n: I18n['n']): Standing[] {
  if (x.reading === 'share' || x.reading === 'distinct') return []
  return x.enterprises.map((f) => ({
    key: f.entry,
    name: f.name,
    number: f.number,
    known: f.number ? 1 : 0,
    of: 1,
    grade: f.grade,
    reason: n(f.missing[0]?.text),
  }))
}

/** keptFirmsOf are those of a kept figure; whoever is inside an account has no value of its own. */
export function keptFirmsOf(x: Progress, list: KeptFirm[], n: I18n['n']): Standing[] {
  if (x.reading === 'share' || x.reading === 'distinct') return []
  return list
    .filter((f) => !f.inside)
    .map((f) => ({
      key: f.entry ?? f.code,
      name: f.name,
      number: f.number,
      known: f.number ? 1 : 0,
      of: 1,
      grade: f.grade as Standing['grade'],
      reason: n(f.missing[0]?.text),
    }))
}

/** nameOf is what policies, or else tiles, call a division. */
export function nameOf(code: string, places: Region[], grids: Grid[]): Region['name'] | undefined {
  return (
    places.find((r) => r.code === code)?.name ?? grids.flatMap((g) => g.tiles).find((tile) => tile.code === code)?.name
  )
}

/** figurePath is the page of a kept figure, as it was seen at a time. */
export const figurePath = (id: string, asOf: string) => `figures/${id}${asOf && `?asOf=${encodeURIComponent(asOf)}`}`

// The columns of a plant file by their fields, as docs/plant-import.md and the node name them.
const columns = [
  'level',
  'id',
  'site',
  'area',
  'line',
  'machine',
  'name.zh',
  'name.en',
  'class',
  'template',
  'key',
  'type',
  'unit',
  'address',
  'encoding',
  'order',
  'scale',
  'offset',
  'every',
  'report',
  'maxSilence',
  'values',
] as const

type Column = (typeof columns)[number]

/** columnOf is the column that a field names, or undefined for one that this console does not know. */
export const columnOf = (field: string | undefined): Column | undefined => columns.find((c) => c === field)

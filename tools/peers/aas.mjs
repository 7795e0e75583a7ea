// Judge of what internal/identify/twin/aas reads and writes: another implementation of the metamodel. Reads a JSON array of
// environments (as text) from standard input, writes for each how it takes it: valid, warned or refused.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(import.meta.url)
const aas = require('@aas-core-works/aas-core3.0-typescript')

const judge = (text) => {
  let tree
  try {
    tree = JSON.parse(text)
  } catch {
    return 'refused'
  }
  const read = aas.jsonization.environmentFromJsonable(tree)
  if (read.error !== null) return 'refused'
  for (const _ of aas.verification.verify(read.mustValue())) return 'warned'
  return 'valid'
}
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(judge)))

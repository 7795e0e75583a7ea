import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Plugin } from 'vite'

// licences writes dist/licences.txt: name, version and licence text of every package whose code is in the build.
// Their licences ask for it wherever the code goes, and the code goes into our binary.
export function licences(): Plugin {
  const roots = new Set<string>()
  return {
    name: 'jingwei-licences',
    apply: 'build',
    moduleParsed(module) {
      const root = packageRoot(module.id)
      if (root) roots.add(root)
    },
    generateBundle() {
      const texts = [...roots].map(describe).sort()
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source: texts.join(`\n${'-'.repeat(80)}\n\n`) })
    },
  }
}

function packageRoot(id: string): string | undefined {
  if (!id.includes('node_modules')) return undefined
  let dir = dirname(id.replace(/^\0/, '').replace(/\?.*$/, ''))
  while (dir.includes('node_modules')) {
    const file = join(dir, 'package.json')
    // A folder inside a package may hold a package.json that only names a module type.
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { version?: string }).version) return dir
    dir = dirname(dir)
  }
  return undefined
}

function describe(root: string): string {
  const p = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string
    version: string
    license?: string
  }
  const names = readdirSync(root, { withFileTypes: true })
    .filter((f) => f.isFile() && /^(licen[cs]e|notice|copying)/i.test(f.name))
    .map((f) => f.name)
  const texts = names.sort().map((n) => readFileSync(join(root, n), 'utf8').trim())
  return `${p.name} ${p.version} (${p.license ?? 'see text'})\n\n${texts.join('\n\n')}\n`
}

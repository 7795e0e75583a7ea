// Reads barcodes with ZXing-C++: a JSON array of PNGs in base64 from standard input, for each an array of {text, format, id, x, y}.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'

const wasm = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
await prepareZXingModule({ overrides: { wasmBinary: readFileSync(wasm).buffer }, fireImmediately: true })

const out = []
for (const png of JSON.parse(readFileSync(0, 'utf8'))) {
  const found = await readBarcodes(Buffer.from(png, 'base64'), { textMode: 'Plain', tryHarder: true, maxNumberOfSymbols: 255 })
  out.push(found.map(b => ({ text: b.text, format: b.format, id: b.symbologyIdentifier, x: b.position.topLeft.x, y: b.position.topLeft.y })))
}
process.stdout.write(JSON.stringify(out))

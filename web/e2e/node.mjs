import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { run } from './program.mjs'

/**
 * startNode runs `jingwei demo` of the binary JINGWEI_BIN with a data folder of its own and gives its address, its
 * one-time sign-in link and its tokens. Stories make what they tell of themselves: the demo's province is left out, unless
 * a story is of it. With JINGWEI_URL and JINGWEI_LINK it takes a node that runs already.
 */
export async function startNode({ province = false } = {}) {
  if (process.env.JINGWEI_URL) {
    return { url: process.env.JINGWEI_URL, link: process.env.JINGWEI_LINK, stop: async () => {} }
  }
  return own(['demo', '--headless', '--region=false', `--province=${province}`], {
    url: /^Jingwei demo: (\S+) /m,
    token: /^token: (\S+)$/m,
    tokenB: /^token-b: (\S+)$/m,
  })
}

/** startServe runs `jingwei serve` with an empty data folder: a node without machines. */
export const startServe = () =>
  own(['serve', '--https', '127.0.0.1:0', '--link', '127.0.0.1:0', '--mqtt', 'off', '--mqtt-plain', '127.0.0.1:0'], {
    url: /^ready: (\S+) /m,
  })

/** own runs a node on a data folder that goes when it stops. */
async function own(args, wanted) {
  const data = mkdtempSync(join(tmpdir(), 'jingwei-e2e-'))
  const running = []
  const stop = async () => {
    for (const end of running) await end()
    rmSync(data, { recursive: true, force: true })
  }
  try {
    const node = await run(running, [...args, '--http', '127.0.0.1:0', '--data', data], {
      link: /^sign in: (\S+)$/m,
      ...wanted,
    })
    return { ...node, stop }
  } catch (e) {
    await stop()
    throw e
  }
}

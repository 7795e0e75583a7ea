import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * startNode runs `jingwei demo` of the binary JINGWEI_BIN with a data folder of its own and gives its address, its
 * one-time sign-in link and its tokens. Stories make what they tell of themselves: the demo's province is left out, unless
 * a story is of it. With JINGWEI_URL and JINGWEI_LINK it takes a node that runs already.
 */
export async function startNode({ province = false } = {}) {
  if (process.env.JINGWEI_URL) {
    return { url: process.env.JINGWEI_URL, link: process.env.JINGWEI_LINK, stop: async () => {} }
  }
  const binary = process.env.JINGWEI_BIN
  if (!binary) throw new Error('set JINGWEI_BIN to the binary to test (make build makes bin/jingwei)')
  const data = mkdtempSync(join(tmpdir(), 'jingwei-e2e-'))
  const port = await freePort()
  const child = spawn(
    binary,
    ['demo', '--headless', '--http', `127.0.0.1:${port}`, '--data', data, `--province=${province}`],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let said = ''
  const ready = new Promise((resolve, reject) => {
    const look = (chunk) => {
      said += chunk
      const link = /^sign in: (\S+)$/m.exec(said)?.[1]
      const token = /^token: (\S+)$/m.exec(said)?.[1]
      const tokenB = /^token-b: (\S+)$/m.exec(said)?.[1]
      if (link && token && tokenB) resolve({ link, token, tokenB })
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.on('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${said}`)))
    setTimeout(() => reject(new Error(`the demo printed no link and tokens within 120 s:\n${said}`)), 120_000).unref()
  })
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGINT')
      await ended
    }
    rmSync(data, { recursive: true, force: true })
  }
  // told waits until the demo has written a line that fits.
  const told = async (line) => {
    for (let i = 0; i < 600; i++) {
      const found = line.exec(said)
      if (found) return found
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`the demo did not write ${line} within a minute:\n${said}`)
  }
  try {
    return { url: `http://127.0.0.1:${port}`, ...(await ready), told, stop }
  } catch (e) {
    await stop()
    throw e
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

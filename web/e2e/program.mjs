import { spawn } from 'node:child_process'

/**
 * run starts the binary JINGWEI_BIN and gives what it printed once all of `wanted` has come, by name, and `end`, which
 * stops it and waits until it is gone. It is ended with the others of `running` too.
 */
export async function run(running, args, wanted, environment = {}) {
  const binary = process.env.JINGWEI_BIN
  if (!binary) throw new Error('set JINGWEI_BIN to the binary to test (make build makes bin/jingwei)')
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } })
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGINT')
    await ended
  }
  running.push(end)
  let said = ''
  const found = await new Promise((resolve, reject) => {
    const look = (chunk) => {
      said += chunk
      const all = Object.entries(wanted).map(([name, form]) => [name, form.exec(said)?.[1]])
      if (all.every(([, value]) => value)) resolve(Object.fromEntries(all))
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.on('exit', (code) => reject(new Error(`jingwei ${args[0]} ended with ${code}:\n${said}`)))
    setTimeout(() => reject(new Error(`jingwei ${args[0]} did not get ready:\n${said}`)), 60_000).unref()
  })
  return { ...found, end }
}

import { spawn } from 'node:child_process'

/**
 * run starts the binary JINGWEI_BIN and gives what it printed once all of `wanted` has come, by name; `told`, which waits up to
 * a minute for a line that fits; `said`, all that it wrote so far; and `end`, which stops it and waits until it is gone. It is
 * ended with the others of `running` too.
 */
export async function run(running, args, wanted, environment = {}) {
  const binary = process.env.JINGWEI_BIN
  if (!binary) throw new Error('set JINGWEI_BIN to the binary to test (make build makes bin/jingwei)')
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } })
  const end = async (signal = 'SIGINT') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
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
    setTimeout(() => reject(new Error(`jingwei ${args[0]} did not get ready within 120 s:\n${said}`)), 120_000).unref()
  })
  const told = async (line) => {
    for (let i = 0; i < 600; i++) {
      const there = line.exec(said)
      if (there) return there
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`jingwei ${args[0]} did not write ${line} within a minute:\n${said}`)
  }
  return { ...found, told, said: () => said, end }
}

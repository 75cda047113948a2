// What the set-up tells a person, and how it runs a program for them.
import { spawn } from 'node:child_process'

export const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')
export const isRoot = process.getuid?.() === 0

export const say = (text) => process.stdout.write(`${text}\n`)
export const step = (text) => say(`\n==> ${text}`)

/** A failure that the person can mend: shown without a stack. */
export class SetupError extends Error {}

/**
 * Runs a program, without a shell. With `quiet` its output is kept and shown only when it fails.
 *
 * @returns {Promise<{ code: number, output: string }>} rejects with SetupError on a code that is not 0, unless `mayFail`
 */
export function run(command, args, { quiet = false, mayFail = false, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit']
    const child = spawn(command, args, { cwd: root, stdio, ...options })
    const chunks = []
    child.stdout?.on('data', (data) => chunks.push(data))
    child.stderr?.on('data', (data) => chunks.push(data))
    child.on('error', (cause) => {
      if (mayFail) resolve({ code: 127, output: cause.message })
      else reject(new SetupError(`${command} could not be started: ${cause.message}`, { cause }))
    })
    child.on('close', (code, signal) => {
      const output = Buffer.concat(chunks).toString()
      if (code === 0 || mayFail) return resolve({ code: code ?? 1, output })
      if (quiet) process.stderr.write(output)
      reject(new SetupError(`${command} ${args.join(' ')} ended with ${signal ?? `code ${code}`}`))
    })
  })
}

/** Runs a script's main, and ends the process as a person expects. */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? 0
  } catch (error) {
    process.stderr.write(`\n${error instanceof SetupError ? error.message : (error?.stack ?? error)}\n`)
    process.exitCode = 1
  }
}

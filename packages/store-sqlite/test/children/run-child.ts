import { type ChildProcess, fork } from 'node:child_process'

/**
 * Runs a TypeScript program of this folder in a process of its own; what it sends is a message.
 *
 * @param cache a folder for translated sources
 */
export function runChild(program: string, args: readonly string[], cache: string): ChildProcess {
  const file = new URL(program, import.meta.url)
  const loader = new URL('./typescript-loader.mjs', import.meta.url)
  return fork(file, args, {
    execArgv: ['--import', loader.href],
    env: { ...process.env, POUCH_TEST_CACHE: cache },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

/** The next message of a child. Rejects when it ends first. */
export function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: string | null) =>
      reject(new Error(`the child ended: ${code ?? signal}`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message)
    })
  })
}

/** Ends a child that may have ended already. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

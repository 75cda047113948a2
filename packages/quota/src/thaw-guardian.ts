import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { PouchError } from '@pouch/errors'
import { findProgram, programFolders } from './disk-program.js'
import { type Step, thrownError } from './step-error.js'

/**
 * Runs in a process of its own. It thaws when its input ends without the word to go, which is what it sees of a process that dies, and
 * when the time is over. A filesystem that is not frozen any more is none of its business, so what fsfreeze says is not looked at.
 */
const program = `
const { spawnSync } = require('node:child_process')
const [fsfreeze, path, limitMs] = process.argv.slice(1)
const thaw = () => { spawnSync(fsfreeze, ['--unfreeze', path]); process.exit(3) }
setTimeout(thaw, Number(limitMs))
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, thaw)
process.stdin.on('data', () => process.exit(0)).on('end', thaw).on('error', thaw)
process.stdout.write('ready')
`

/** A process that thaws a filesystem should this one not live to do so. */
export class ThawGuardian {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #exit: Promise<number | null>
  readonly #failure: Promise<never>

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child
    this.#exit = new Promise((resolve) => child.once('exit', resolve))
    this.#failure = new Promise((_, reject) => child.once('error', reject))
    // It is waited for at the start alone.
    this.#failure.catch(() => undefined)
    // It may have gone when it is told to go.
    child.stdin.on('error', () => undefined)
  }

  /**
   * Starts it. It stands in a process group of its own, so that a signal to this one's group is not meant for it.
   *
   * @param limitMs after which it thaws in any case
   * @throws PouchError `unsupported` when fsfreeze(8) is not installed
   */
  static async start(path: string, limitMs: number, step: Step): Promise<ThawGuardian> {
    const fsfreeze = await findProgram('fsfreeze', step)
    const args = ['-e', program, '--', fsfreeze, path, String(limitMs)]
    const env = { LC_ALL: 'C', PATH: programFolders.join(':'), ELECTRON_RUN_AS_NODE: '1' }
    const child = spawn(process.execPath, args, { cwd: '/', env, detached: true, stdio: ['pipe', 'pipe', 'ignore'] })
    const guardian = new ThawGuardian(child)
    try {
      const gone = guardian.#exit.then((code) => refuse(code, step))
      await Promise.race([once(child.stdout, 'data'), gone, guardian.#failure])
    } catch (error) {
      await guardian.dismiss()
      throw thrownError(error, step)
    }
    return guardian
  }

  /** Sends it away, when the filesystem is thawed. */
  async dismiss(): Promise<void> {
    this.#child.stdin.end('go')
    if (this.#child.pid !== undefined) await this.#exit
  }
}

function refuse(code: number | null, step: Step): never {
  const message = `cannot ${step.what}: the process that is to thaw it after a crash ended with ${code}`
  throw new PouchError('internal', message, { op: step.op, subject: step.subject })
}

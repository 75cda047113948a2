import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type FileHandle, open } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'
import { findProgram } from './program.js'

/**
 * One supervisor a home. The lock is flock(2)'s, so the kernel drops it when its holder dies, however it dies.
 */
export class HomeLock {
  readonly #file: FileHandle

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** @throws PouchError `in-use` with the holder's pid in `details` */
  static async acquire(path: string, home: string): Promise<HomeLock> {
    const flock = await findProgram('flock', 'util-linux')
    const file = await open(path, 'a+', 0o600)
    try {
      if (!(await lock(flock, file.fd))) throw await heldByAnother(file, home)
      await file.truncate(0)
      await file.write(`${process.pid}\n`)
      return new HomeLock(file)
    } catch (error) {
      await file.close()
      throw PouchError.from(error, { op: 'containerd.supervise', subject: home, message: `could not lock ${path}` })
    }
  }

  async release(): Promise<void> {
    await this.#file.close()
  }
}

/** flock(1) locks the open file that it inherits from us; the lock stays when it has exited. */
async function lock(flock: string, fd: number): Promise<boolean> {
  const child = spawn(flock, ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
  const [code] = await once(child, 'exit')
  if (code === 0 || code === 1) return code === 0
  throw new PouchError('internal', `flock ended with ${String(code)}`, { op: 'containerd.supervise' })
}

async function heldByAnother(file: FileHandle, home: string): Promise<PouchError> {
  const buffer = Buffer.alloc(16)
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
  const holderPid = Number.parseInt(buffer.toString('latin1', 0, bytesRead), 10)
  const holder = Number.isNaN(holderPid) ? 'another process' : `process ${holderPid}`
  const message = `the containerd of ${home} is supervised by ${holder}; stop that one, or use another home`
  return new PouchError('in-use', message, { op: 'containerd.supervise', subject: home, details: { holderPid } })
}

import { randomBytes } from 'node:crypto'
import { type Dirent, renameSync } from 'node:fs'
import { chmod, mkdir, opendir, rename, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { hasErrno } from '@pouch/errors'
import type { Logger } from '@pouch/volume-core/driver'
import { dataFolder } from './volume-directory.js'

/** What deleting needs to know of btrfs. */
export interface Subvolumes {
  isSubvolume(path: string): Promise<boolean>
  /** Deletes one with all in it, other subvolumes too. */
  delete(path: string): Promise<void>
}

const deletionsAtATime = 16
const attemptsAtADirectory = 5
const shownNameLength = 150
const pauseMs = 20

/**
 * Where removed volumes go: moved here in one step, and deleted in the background. What a crash leaves is deleted by the next one that
 * opens it.
 *
 * Trees are flattened, not descended: a directory found in a directory moves up into the trash first. So no path grows too long however
 * deep a container nested its directories, nothing is held in memory, a link is never followed, and a mount point stops the
 * deletion (it cannot be moved) instead of losing what is mounted there.
 */
export class Trash {
  readonly #directory: string
  readonly #log: Logger
  readonly #subvolumes: Subvolumes | undefined
  /** Names that could not be deleted; the next opening tries again. */
  readonly #stuck = new Set<string>()
  /** What was just moved here: most of it is empty, and goes without a search. */
  readonly #fresh: string[] = []
  #isDirty = false
  #isClosing = false
  #endPause = () => {}
  #sweeping: Promise<void> | undefined

  private constructor(directory: string, log: Logger, subvolumes: Subvolumes | undefined) {
    this.#directory = directory
    this.#log = log
    this.#subvolumes = subvolumes
  }

  /** Opens a trash and begins to empty it. `subvolumes` is there when it is on btrfs. */
  static async open(directory: string, log: Logger, subvolumes?: Subvolumes): Promise<Trash> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const trash = new Trash(directory, log, subvolumes)
    trash.#sweepSoon()
    return trash
  }

  /** Moves a file or directory of the same file system here. @returns false when there is none */
  async discard(path: string, name: string): Promise<boolean> {
    const discarded = join(this.#directory, `${freshName()}.${name.slice(0, shownNameLength)}`)
    try {
      renameSync(path, discarded)
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return false
      throw error
    }
    if (this.#subvolumes === undefined) this.#fresh.push(discarded)
    this.#sweepSoon(this.#subvolumes !== undefined)
    return true
  }

  /** Waits until all that was discarded is deleted, or cannot be. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#endPause()
    await this.#sweeping
  }

  #sweepSoon(isDirty = true): void {
    if (isDirty) this.#isDirty = true
    this.#sweeping ??= this.#sweep()
  }

  /** Whoever waits for a removal has the answer by then, and what is removed right after it is deleted with it. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosing) return resolve()
      const timer = setTimeout(resolve, pauseMs)
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #sweep(): Promise<void> {
    await this.#pause()
    try {
      while (this.#isDirty || this.#fresh.length > 0) {
        await this.#deleteEmpty()
        if (!this.#isDirty) continue
        this.#isDirty = false
        await this.#pass()
      }
    } catch (error) {
      this.#log.warn({ err: error, directory: this.#directory }, 'the trash of removed volumes cannot be read')
    } finally {
      this.#sweeping = undefined
    }
  }

  /** Deletes the fresh volumes that are empty; the others are for the next pass. */
  async #deleteEmpty(): Promise<void> {
    for (let volume = this.#fresh.pop(); volume !== undefined; volume = this.#fresh.pop()) {
      try {
        await rmdir(join(volume, dataFolder))
        await rmdir(volume)
      } catch {
        // Whatever it is, the pass that follows meets it again, and tells.
        this.#isDirty = true
      }
    }
  }

  /** Deletes what one reading of the trash shows. What moves up meanwhile is for the next pass. */
  async #pass(): Promise<void> {
    for await (const entry of await opendir(this.#directory)) {
      if (this.#stuck.has(entry.name)) continue
      this.#isDirty = true
      try {
        await this.#delete(entry)
      } catch (error) {
        this.#stuck.add(entry.name)
        const file = join(this.#directory, entry.name)
        this.#log.warn({ err: error, file }, 'what a removed volume left cannot be deleted; the next start tries again')
      }
    }
  }

  async #delete(entry: Dirent): Promise<void> {
    const path = join(this.#directory, entry.name)
    if (!entry.isDirectory()) return await unlink(path)
    if (await this.#subvolumes?.isSubvolume(path)) return await this.#subvolumes?.delete(path)
    await makeWritable(path)
    for (let attempt = 1; ; attempt += 1) {
      await this.#empty(path)
      try {
        return await rmdir(path)
      } catch (error) {
        if (!hasErrno(error, 'ENOTEMPTY') || attempt === attemptsAtADirectory) throw error
      }
    }
  }

  async #empty(directory: string): Promise<void> {
    const running = new Set<Promise<void>>()
    const failures: unknown[] = []
    // Names are bytes to the kernel; as text, one that is not UTF-8 could not be deleted.
    const entries = (await opendir(directory, { encoding: 'buffer' as BufferEncoding })) as AsyncIterable<ByteNamed>
    for await (const entry of entries) {
      const work = this.#takeOut(directory, entry).catch((error: unknown) => void failures.push(error))
      running.add(work)
      void work.finally(() => running.delete(work))
      if (running.size >= deletionsAtATime) await Promise.race(running)
    }
    await Promise.all(running)
    if (failures.length > 0) throw failures[0]
  }

  async #takeOut(directory: string, entry: ByteNamed): Promise<void> {
    const path = Buffer.concat([Buffer.from(`${directory}/`), entry.name])
    if (!entry.isDirectory()) return await unlink(path)
    if (await this.#deletedSubvolume(path)) return
    await makeWritable(path)
    await rename(path, join(this.#directory, freshName()))
  }

  /** A read-only one could not even be moved. */
  async #deletedSubvolume(path: Buffer): Promise<boolean> {
    const name = path.toString('utf8')
    if (this.#subvolumes === undefined || !Buffer.from(name, 'utf8').equals(path)) return false
    if (!(await this.#subvolumes.isSubvolume(name))) return false
    await this.#subvolumes.delete(name)
    return true
  }
}

interface ByteNamed {
  readonly name: Buffer
  isDirectory(): boolean
}

/** Only root may empty and move a directory that is not writable. */
async function makeWritable(directory: string | Buffer): Promise<void> {
  if (process.geteuid?.() !== 0) await chmod(directory, 0o700)
}

function freshName(): string {
  return randomBytes(12).toString('hex')
}

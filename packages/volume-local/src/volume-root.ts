import { createHash, randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readdir, realpath, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { hasErrno, PouchError } from '@pouch/errors'
import { mountsUnder, unmount } from '@pouch/mount'
import type { DriverHost, DriverStateArea, Logger } from '@pouch/volume-core/driver'
import { foreignDirectory, renameFailure } from './foreign-directory.js'
import { MountTable } from './mount-table.js'
import { type Subvolumes, Trash } from './trash.js'
import { dataFolder, isDirectory, isDirectoryNow } from './volume-directory.js'

const trashFolder = '.trash'
const draftFolder = '.new'
/** In a volume's directory: its data to be, complete, while it takes the place of what the volume has. */
const nextFolder = '_next'
const directoryMode = 0o701

/**
 * The directory that all volumes are in. Each has `<root>/<name>` with everything that it is made of, so that renaming and removing it is one
 * step. What takes several steps to make is made in `<root>/.new` and renamed; what a crash leaves there is discarded at the
 * next opening, with the mounts in it.
 */
export class VolumeRoot {
  /** Canonical. */
  readonly path: string
  /** Directories of the engine's own, canonical. */
  readonly reserved: readonly string[]
  readonly #drafts: string
  readonly #trash: Trash
  readonly #state: DriverStateArea
  readonly #mounts = new MountTable()

  private constructor(path: string, home: string, trash: Trash, state: DriverStateArea) {
    this.path = path
    this.reserved = Object.freeze([home, path])
    this.#drafts = join(path, draftFolder)
    this.#trash = trash
    this.#state = state
  }

  /**
   * Finishes what a crash cut short, and begins to delete what it left.
   *
   * @param path exists; canonical
   * @param subvolumes there when the root is on btrfs
   */
  static async open(path: string, host: DriverHost, subvolumes?: Subvolumes): Promise<VolumeRoot> {
    const drafts = join(path, draftFolder)
    await mkdir(drafts, { recursive: true, mode: 0o700 })
    await unmountDrafts(drafts, host.log)
    const trash = await Trash.open(join(path, trashFolder), host.log, subvolumes)
    const root = new VolumeRoot(path, await realpath(host.home), trash, host.state)
    for (const draft of await readdir(drafts)) await trash.discard(join(drafts, draft), draft)
    await root.#finishReplacements()
    return root
  }

  /** The engine checks names; this holds for whoever calls the driver without it. */
  directoryOf(name: string): string {
    if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(name)) return join(this.path, name)
    throw new PouchError('invalid-argument', 'this cannot be the name of a local volume', {
      op: 'local',
      subject: name,
    })
  }

  dataOf(name: string): string {
    return join(this.directoryOf(name), dataFolder)
  }

  /** Whether a volume's directory is there. @throws PouchError `invalid-argument` when something else is */
  async has(name: string): Promise<boolean> {
    return await isDirectory(this.directoryOf(name))
  }

  /**
   * Makes a directory under a name that nobody looks at, has it filled, and gives it to `finish`, which renames it to where it belongs.
   * When one of them fails it is discarded.
   */
  async drafted<T>(work: (draft: string) => Promise<T>): Promise<T> {
    const draft = join(this.#drafts, randomBytes(12).toString('hex'))
    await mkdir(draft, { mode: 0o700 })
    try {
      return await work(draft)
    } finally {
      // Renamed away when all went well.
      await this.#trash.discard(draft, 'draft')
    }
  }

  /**
   * Makes a volume's directory, whole or not at all.
   *
   * @param prepare makes what is in it
   * @throws PouchError `already-exists` when something came to be there meanwhile
   */
  async place<T>(name: string, prepare: (draft: string) => Promise<T>): Promise<T> {
    const directory = this.directoryOf(name)
    return await this.drafted(async (draft) => {
      const made = await prepare(draft)
      await chmod(draft, directoryMode)
      await rename(draft, directory).catch((error: unknown) => {
        throw renameFailure(name, directory, error)
      })
      return made
    })
  }

  /**
   * Puts a complete directory in the place of a volume's data. That it is going to happen is durable before anything moves, so
   * that a crash leaves the one or the other.
   *
   * @param next on the same filesystem
   * @throws PouchError `already-exists` when something is where the new data is to wait that nothing is noted of
   */
  async replaceData(name: string, next: string): Promise<void> {
    const waiting = join(this.directoryOf(name), nextFolder)
    if (await isTaken(waiting)) {
      if ((await this.#state.get(replacementKey(name))) === undefined) {
        throw foreignDirectory(name, waiting, 'no restore has put it there')
      }
      await this.#trash.discard(waiting, name)
    }
    await this.#state.set(replacementKey(name), { name })
    await rename(next, waiting)
    await this.#finishReplacement(name)
  }

  /** Moves a volume, or a part of one, to where it is deleted in the background. What is absent is a success. */
  async discard(path: string, name: string): Promise<void> {
    await this.#trash.discard(path, name)
  }

  /** Where a volume's data is. `undefined` when its directory is not there. */
  pathOf(name: string): string | undefined {
    const path = this.dataOf(name)
    return isDirectoryNow(this.directoryOf(name)) && isDirectoryNow(path) ? path : undefined
  }

  /** Moves a volume with all that it has to where it is deleted. @throws PouchError `in-use` when something is mounted in it */
  async remove(name: string): Promise<void> {
    const directory = this.directoryOf(name)
    this.refuseMounts(directory)
    await this.discard(directory, name)
  }

  /**
   * Gives a volume's directory another name. Where only the new one is there it was done before.
   *
   * @throws PouchError `already-exists` when both are there, `not-found` when neither is, `in-use` when something is mounted in it
   */
  async rename(name: string, newName: string): Promise<void> {
    const [from, to] = [this.directoryOf(name), this.directoryOf(newName)]
    if (await this.requireRenamable(name, newName)) return
    await rename(from, to).catch((error: unknown) => {
      throw renameFailure(name, to, error)
    })
  }

  /** What {@link rename} asks before it changes anything. @returns whether it was done before */
  async requireRenamable(name: string, newName: string): Promise<boolean> {
    const [from, to] = [this.directoryOf(name), this.directoryOf(newName)]
    if (await isDirectory(from)) {
      if (await isTaken(to)) throw foreignDirectory(name, to, 'it is not replaced')
      this.refuseMounts(from)
      return false
    }
    if (await isDirectory(to)) return true
    const message = `the volume ${name} cannot be renamed: its directory ${from} is gone`
    throw new PouchError('not-found', message, { op: 'local', subject: name })
  }

  /** A deletion must not reach through a mount into what is mounted there. @throws PouchError `in-use` */
  refuseMounts(directory: string): void {
    const mounts = this.#mounts.pointsWithin(directory)
    if (mounts.length === 0) return
    throw new PouchError('in-use', `something is mounted in it at ${mounts.join(', ')}; unmount that first`, {
      op: 'local',
      subject: directory,
      details: { mounts },
    })
  }

  /** Waits for the deletions. */
  async close(): Promise<void> {
    this.#mounts.close()
    await this.#trash.close()
  }

  async #finishReplacements(): Promise<void> {
    const names: string[] = []
    for await (const { key, value } of this.#state.list()) {
      if (!key.startsWith(replacementPrefix)) continue
      if (typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string')
        names.push(value.name)
    }
    for (const name of names) await this.#finishReplacement(name)
  }

  async #finishReplacement(name: string): Promise<void> {
    const next = join(this.directoryOf(name), nextFolder)
    if (await isDirectory(next)) {
      await this.#trash.discard(this.dataOf(name), name)
      await rename(next, this.dataOf(name))
    }
    await this.#state.delete(replacementKey(name))
  }
}

/** Whether there is anything at a path. */
async function isTaken(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false
    throw error
  }
}

/** Images are mounted while they are made: such a mount is of a crash. */
async function unmountDrafts(drafts: string, log: Logger): Promise<void> {
  if (process.platform !== 'linux') return
  for (const { mountPoint } of (await mountsUnder(drafts)).reverse()) {
    try {
      await unmount(mountPoint)
    } catch (error) {
      if (!hasErrno(error, 'EBUSY', 'EPERM')) throw error
      log.warn({ err: error, mountPoint }, 'what a crash left mounted cannot be unmounted; the next start tries again')
    }
  }
}

const replacementPrefix = 'replace/'

/** Keys are short; names need not be. */
const replacementKey = (name: string) => `${replacementPrefix}${createHash('sha256').update(name).digest('hex')}`

import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hasErrno, PouchError } from '@pouch/errors'
import { isThere } from './files.js'

/**
 * Where the memory driver keeps what it keeps. Whatever is not a volume has a folder beside them, so that no name meets it; what is made in
 * many steps is made in `unfinished` and put into its place by one rename.
 */
export class MemoryPlaces {
  readonly volumes: string
  readonly mounts: string
  readonly #snapshots: string
  readonly #restored: string
  readonly #unfinished: string

  constructor(home: string, name: string) {
    this.volumes = join(home, name)
    this.mounts = join(home, `.${name}-mounts`)
    this.#snapshots = join(home, `.${name}-snapshots`)
    this.#restored = join(home, `.${name}-restored`)
    this.#unfinished = join(home, `.${name}-unfinished`)
  }

  /** Makes the folders, and brings to rest what a crash left: a restore that was decided is finished, the rest is dropped. */
  async open(): Promise<void> {
    await rm(this.#unfinished, { recursive: true, force: true })
    for (const folder of [this.volumes, this.#snapshots, this.#restored, this.#unfinished]) {
      await mkdir(folder, { recursive: true })
    }
    for (const name of await readdir(this.#restored)) await this.#putBack(name)
  }

  volume(name: string): string {
    return join(this.volumes, name)
  }

  snapshotsOf(volume: string): string {
    return join(this.#snapshots, volume)
  }

  snapshot(volume: string, name: string): string {
    return join(this.#snapshots, volume, name)
  }

  /** Makes a directory by `fill` and puts it at `target`, whole or not at all. */
  async build(target: string, fill: (directory: string) => Promise<void>): Promise<void> {
    const directory = join(this.#unfinished, randomBytes(8).toString('hex'))
    try {
      await fill(directory)
      if (await isThere(target)) throw inTheWay(target)
      await rename(directory, target).catch((error: unknown) => {
        throw hasErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR') ? inTheWay(target, error) : error
      })
    } catch (error) {
      await rm(directory, { recursive: true, force: true })
      throw error
    }
  }

  /** Deletes a directory so that nobody sees a half of it. */
  async drop(target: string): Promise<void> {
    if (!(await isThere(target))) return
    const directory = join(this.#unfinished, randomBytes(8).toString('hex'))
    await rename(target, directory)
    await rm(directory, { recursive: true })
  }

  /** Replaces a volume's content. From the moment that the new content is whole, a crash ends with it in place. */
  async replace(volume: string, fill: (directory: string) => Promise<void>): Promise<void> {
    await this.build(join(this.#restored, volume), fill)
    await this.#putBack(volume)
  }

  async #putBack(volume: string): Promise<void> {
    await this.drop(this.volume(volume))
    await rename(join(this.#restored, volume), this.volume(volume))
  }
}

function inTheWay(path: string, cause?: unknown): PouchError {
  const text = `there is something at ${path} already: move it away, or take another name`
  return new PouchError('already-exists', text, { op: 'memory', subject: path, details: { directory: path }, cause })
}

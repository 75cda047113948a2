import { lstat, mkdir, open, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { hasErrno, PouchError } from '@pouch/errors'
import type { DriverSnapshot, DriverVolume } from '@pouch/volume-core/driver'
import { foreignDirectory, renameFailure } from './foreign-directory.js'
import type { VolumeRoot } from './volume-root.js'

const shelfFolder = '_snapshots'
const manifestFile = 'snapshot.json'

/** How a snapshot was made. */
export interface Capture {
  readonly method: string
  readonly isConsistent: boolean
}

/**
 * The snapshots of the volumes: `<root>/<volume>/_snapshots/<snapshot>`, each a directory with what was kept and a note of how. They are made
 * elsewhere and renamed, so that one that is there is whole; and they go where their volume goes.
 */
export class SnapshotShelf {
  readonly #root: VolumeRoot

  constructor(root: VolumeRoot) {
    this.#root = root
  }

  /**
   * Keeps a snapshot. One of this name that is there is the answer of a repeated call.
   *
   * @param capture puts what is to be kept into a directory that is empty
   * @throws PouchError `already-exists` when something else is in its place
   */
  async keep(
    volume: DriverVolume,
    name: string,
    capture: (draft: string) => Promise<Capture>,
  ): Promise<DriverSnapshot> {
    const folder = this.folderOf(volume, name)
    const found = await readManifest(folder)
    if (found !== undefined) return { name, ...found }
    if (await isThere(folder)) throw foreignDirectory(volume.name, folder, 'it is no snapshot')
    return await this.#root.drafted(async (draft) => {
      const captured = await capture(draft)
      await writeManifest(draft, captured)
      await mkdir(this.#shelfOf(volume), { recursive: true, mode: 0o700 })
      await rename(draft, folder).catch((error: unknown) => {
        throw renameFailure(volume.name, folder, error)
      })
      return { name, ...captured }
    })
  }

  /** Deletes a snapshot in the background. A directory in its place that has no note of one is somebody's. */
  async remove(volume: DriverVolume, name: string): Promise<void> {
    const folder = this.folderOf(volume, name)
    if (await isThere(join(folder, manifestFile))) await this.#root.discard(folder, name)
  }

  async list(volume: DriverVolume): Promise<DriverSnapshot[]> {
    const names = await namesIn(this.#shelfOf(volume))
    const found: DriverSnapshot[] = []
    for (const name of names) {
      const manifest = await readManifest(join(this.#shelfOf(volume), name))
      if (manifest !== undefined) found.push({ name, ...manifest })
    }
    return found
  }

  /** Where a snapshot is. @throws PouchError `invalid-argument` on a name that is none */
  folderOf(volume: DriverVolume, name: string): string {
    if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(name)) return join(this.#shelfOf(volume), name)
    throw new PouchError('invalid-argument', `'${name}' cannot be the name of a snapshot`, {
      op: 'local',
      subject: name,
    })
  }

  /** Where a snapshot that exists is. @throws PouchError `not-found` */
  async requireFolder(volume: DriverVolume, name: string): Promise<string> {
    const folder = this.folderOf(volume, name)
    if ((await readManifest(folder)) !== undefined) return folder
    const message = `the snapshot ${name} of the volume ${volume.name} is gone: there is nothing at ${folder}`
    throw new PouchError('not-found', message, { op: 'local', subject: name })
  }

  #shelfOf(volume: DriverVolume): string {
    return join(this.#root.directoryOf(volume.name), shelfFolder)
  }
}

/** @throws PouchError `in-use` when somebody may be writing, and that was not allowed */
export function requireAtRest(volume: DriverVolume, request: { isMounted: boolean; allowInconsistent: boolean }): void {
  if (!request.isMounted || request.allowInconsistent) return
  const message =
    'it is in use, and a directory cannot be copied in one moment while somebody writes; ' +
    'stop what uses it, or allow an inconsistent copy'
  const details = { unless: 'allowInconsistent' }
  throw new PouchError('in-use', message, { op: 'local', subject: volume.name, details })
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}

async function namesIn(shelf: string): Promise<string[]> {
  try {
    return await readdir(shelf)
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return []
    throw error
  }
}

async function writeManifest(folder: string, { method, isConsistent }: Capture): Promise<void> {
  const file = await open(join(folder, manifestFile), 'wx', 0o600)
  try {
    await file.writeFile(JSON.stringify({ version: 1, method, isConsistent }))
    await file.sync()
  } finally {
    await file.close()
  }
}

/** @returns `undefined` when there is no snapshot */
async function readManifest(folder: string): Promise<Capture | undefined> {
  const path = join(folder, manifestFile)
  try {
    const { version, method, isConsistent } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    if (version === 1 && typeof method === 'string' && typeof isConsistent === 'boolean')
      return { method, isConsistent }
  } catch (cause) {
    if (hasErrno(cause, 'ENOENT')) return undefined
    if (!(cause instanceof SyntaxError)) throw cause
  }
  throw new PouchError(
    'corrupt',
    `${path} is not the note of a snapshot; remove the snapshot, or write the note anew`,
    {
      op: 'local',
      subject: path,
    },
  )
}

import { createHash } from 'node:crypto'
import { realpath, rmdir } from 'node:fs/promises'
import { hasErrno, PouchError } from '@pouch/errors'
import { makeDirectories } from '@pouch/file-tree'
import { canonicalPath, isWithin } from '@pouch/mount'
import type { DriverStateArea, JsonValue } from '@pouch/volume-core/driver'
import { isDirectory } from './volume-directory.js'

/** Why a directory is refused, or what is noted of one that the driver made. */
export interface Adoption {
  /** The volume. */
  readonly name: string
  /** As the user gave it, absolute. */
  readonly mount: string
  /** Directories of the engine's, canonical: none of them may be in a volume, nor a volume in them. */
  readonly reserved: readonly string[]
  /** Where it is noted which directories the driver made. */
  readonly state: DriverStateArea
}

/**
 * Takes a directory of the host for a volume, and makes it when it is absent. That it was made is noted before, so that the removal of the
 * volume may take it away if it is still empty; when a second volume takes it too, nobody does.
 *
 * @returns the directory without symbolic links
 * @throws PouchError `invalid-argument` when it is a file, or lies in the engine's directories or around them
 */
export async function adoptDirectory({ name, mount, reserved, state }: Adoption): Promise<string> {
  const path = await canonicalMount(mount)
  const clash = reserved.find((directory) => isWithin(directory, path) || isWithin(path, directory))
  if (clash !== undefined) {
    const message = `${mount} cannot be a volume: the engine keeps its own files in ${clash}; take a directory apart from that`
    throw new PouchError('invalid-argument', message, { op: 'local', subject: mount, details: { option: 'mount' } })
  }
  const key = keyOf(path)
  if (await isDirectory(path)) {
    const maker = await makerOf(key, state)
    if (maker !== undefined && maker !== name) await state.delete(key)
    return path
  }
  await state.set(key, { name, path })
  await makeDirectories(path, 0o755)
  if ((await realpath(path)) === path) return path
  throw new PouchError('conflict', `${mount} changed while it was made into a volume; try again`, {
    op: 'local',
    subject: mount,
  })
}

/** Takes away a directory that was made for this volume, if it is still empty. Data is never deleted. */
export async function abandonDirectory(name: string, path: string, state: DriverStateArea): Promise<void> {
  const key = keyOf(path)
  if ((await makerOf(key, state)) !== name) return
  try {
    await rmdir(path)
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'ENOTDIR')) throw error
  }
  await state.delete(key)
}

/** Notes that a directory that was made for a volume is of the same volume under another name. */
export async function passOnDirectory(
  name: string,
  newName: string,
  path: string,
  state: DriverStateArea,
): Promise<void> {
  const key = keyOf(path)
  if ((await makerOf(key, state)) === name) await state.set(key, { name: newName, path })
}

/** The directory that `mount=` means, without symbolic links. @throws PouchError `invalid-argument` below a file */
export async function canonicalMount(mount: string): Promise<string> {
  try {
    return await canonicalPath(mount)
  } catch (cause) {
    if (!hasErrno(cause, 'ENOTDIR')) throw cause
    const message = `mount path is not a directory: a part of ${mount} is a file`
    throw new PouchError('invalid-argument', message, { op: 'local', subject: mount, cause })
  }
}

async function makerOf(key: string, state: DriverStateArea): Promise<JsonValue | undefined> {
  const made = await state.get(key)
  return typeof made === 'object' && made !== null && 'name' in made ? made.name : undefined
}

/** Keys are short; paths need not be. */
function keyOf(path: string): string {
  return `made/${createHash('sha256').update(path).digest('hex')}`
}

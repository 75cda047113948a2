import { readdir, rename, stat } from 'node:fs/promises'
import { PouchError, throwIfAborted } from '@pouch/errors'
import type { FoundVolume, HealthFacet, InventoryFacet, RenameFacet, ResizeFacet, UsageFacet } from '../../driver.js'
import { isThere, sizeOfDirectory } from './files.js'
import type { MemoryPlaces } from './memory-places.js'

/** The directories are the truth about which volumes there are. */
export function memoryInventory(places: MemoryPlaces, tellsPaths: boolean): InventoryFacet {
  const found = async (name: string): Promise<FoundVolume> => {
    const { birthtime } = await stat(places.volume(name))
    const path = tellsPaths ? { path: places.volume(name) } : {}
    return { name, createdAt: birthtime.toISOString(), ...path, state: { made: true }, status: { kept: 'directory' } }
  }
  return {
    get: async (name) => ((await isThere(places.volume(name))) ? await found(name) : undefined),
    list: async () => {
      const entries = await readdir(places.volumes, { withFileTypes: true })
      return await Promise.all(entries.filter((entry) => entry.isDirectory()).map(({ name }) => found(name)))
    },
  }
}

/** A size is noted, and not enforced: that alone is what this driver can do. */
export function memoryResizing(places: MemoryPlaces): ResizeFacet {
  return {
    resize: async ({ name }, sizeBytes, { signal }) => {
      throwIfAborted(signal, { op: 'resize', subject: name })
      const { bytes } = await sizeOfDirectory(places.volume(name))
      if (bytes > sizeBytes) {
        const text = `it holds ${bytes} bytes, which is more than ${sizeBytes}: remove files first`
        throw new PouchError('exhausted', text, { op: 'resize', subject: name })
      }
      return { state: { made: true }, sizeBytes }
    },
  }
}

/** The snapshots go first: where the volume has its new name, nothing is left to do. */
export function memoryRenaming(places: MemoryPlaces): RenameFacet {
  return {
    rename: async ({ name }, newName, { signal }) => {
      throwIfAborted(signal, { op: 'rename', subject: name })
      const [hasOld, hasNew] = await Promise.all([isThere(places.volume(name)), isThere(places.volume(newName))])
      const at = { op: 'rename', subject: name }
      if (hasOld && hasNew) {
        const directory = places.volume(newName)
        const text = `there is a directory ${directory} already: move it away, or take another name`
        throw new PouchError('already-exists', text, { ...at, details: { directory } })
      }
      if (!hasOld && !hasNew) throw new PouchError('not-found', 'there is no such volume', at)
      if (hasNew) return undefined
      if (await isThere(places.snapshotsOf(name))) await rename(places.snapshotsOf(name), places.snapshotsOf(newName))
      await rename(places.volume(name), places.volume(newName))
      return undefined
    },
  }
}

/** Every file is looked at. */
export function memoryUsage(places: MemoryPlaces): UsageFacet {
  return {
    measure: async ({ name }) => {
      const { bytes, inodes } = await sizeOfDirectory(places.volume(name))
      return { usedBytes: bytes, usedInodes: inodes, source: 'walk' }
    },
  }
}

/** It fails when its directory has gone. */
export function memoryHealth(places: MemoryPlaces): HealthFacet {
  return {
    check: async () => {
      const details = { directory: places.volumes }
      if (await isThere(places.volumes)) return { state: 'healthy', details }
      const message = `the directory ${places.volumes} is gone: open the driver again, or bring it back`
      return { state: 'failed', message, details }
    },
  }
}

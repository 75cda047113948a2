import { mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { PouchError, throwIfAborted } from '@pouch/errors'
import type { DriverCall, DriverVolume, MountFacet, ReferenceInfo } from '../../driver.js'
import { isThere } from './files.js'
import type { MemoryPlaces } from './memory-places.js'

/** Mounts that are symbolic links: one for a volume, or one for each reference. */
export class MemoryMounts implements MountFacet {
  readonly per: 'volume' | 'reference'
  readonly #places: MemoryPlaces

  constructor(per: 'volume' | 'reference', places: MemoryPlaces) {
    this.per = per
    this.#places = places
  }

  concerns(volume: DriverVolume): boolean {
    return volume.options.direct !== true
  }

  async mount(volume: DriverVolume, reference: ReferenceInfo, { signal }: DriverCall) {
    throwIfAborted(signal, { op: 'mount', subject: volume.name })
    const target = this.#places.volume(volume.name)
    if (!(await isThere(target))) {
      throw new PouchError('not-found', 'there is no such volume', { op: 'mount', subject: volume.name })
    }
    const path = this.#linkOf(volume, reference)
    await mkdir(this.#linksOf(volume), { recursive: true })
    await symlink(target, path).catch((error: unknown) => keepSameLink(error, path, target))
    return { path, state: { link: path } }
  }

  async unmount(volume: DriverVolume, reference: ReferenceInfo, _state: unknown, { signal }: DriverCall) {
    throwIfAborted(signal, { op: 'unmount', subject: volume.name })
    await rm(this.#linkOf(volume, reference), { force: true })
    if ((await this.#mounted(volume)).length === 0) await rm(this.#linksOf(volume), { recursive: true, force: true })
  }

  async path(volume: DriverVolume): Promise<string | undefined> {
    const [first] = await this.#mounted(volume)
    return first === undefined ? undefined : join(this.#linksOf(volume), first)
  }

  #linksOf(volume: DriverVolume): string {
    return join(this.#places.mounts, volume.name)
  }

  #linkOf(volume: DriverVolume, reference: ReferenceInfo): string {
    return join(this.#linksOf(volume), this.per === 'volume' ? 'volume' : reference.id)
  }

  async #mounted(volume: DriverVolume): Promise<string[]> {
    const directory = this.#linksOf(volume)
    return (await isThere(directory)) ? await readdir(directory) : []
  }
}

async function keepSameLink(error: unknown, path: string, target: string): Promise<void> {
  if ((await readlink(path)) !== target) throw error
}

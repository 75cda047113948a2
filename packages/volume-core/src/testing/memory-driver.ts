import { mkdir, readdir, readlink, rm, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { PouchError, throwIfAborted } from '@pouch/errors'
import {
  type Driver,
  type DriverCall,
  type DriverDefinition,
  type DriverVolume,
  driverContract,
  type MountFacet,
  type ReferenceInfo,
} from '../driver.js'

/** Options of {@link memoryDriver}. */
export interface MemoryDriverOptions {
  /** The driver's name; `memory` unless told. */
  readonly name?: string
  /** Gives it the facet `mounts`, of this kind. Without it volumes are always there. */
  readonly mounts?: 'volume' | 'reference'
}

/**
 * A driver for tests, and to read before writing one: plain directories below `<home>/<name>`, no root needed. A mount is a symbolic link
 * below `<home>/.<name>-mounts`; deleting that directory is what a restart of the host does to it.
 */
export function memoryDriver(options: MemoryDriverOptions = {}): DriverDefinition {
  const name = options.name ?? 'memory'
  return Object.freeze<DriverDefinition>({
    contract: driverContract,
    name,
    options: {
      size: { type: 'bytes', description: 'a size that is noted and not enforced', aliases: ['opt.size'] },
      note: { type: 'string', description: 'a text that is kept with the volume', default: '' },
    },
    open: async ({ home }) => {
      const root = join(home, name)
      const mountRoot = join(home, `.${name}-mounts`)
      await mkdir(root, { recursive: true })
      return new MemoryDriver(
        name,
        root,
        options.mounts === undefined ? undefined : new Links(options.mounts, root, mountRoot),
      )
    },
  })
}

class MemoryDriver implements Driver {
  readonly name: string
  readonly traits = Object.freeze({ scope: 'local', durable: true, accessModes: ['single-node-writer'] } as const)
  declare readonly mounts?: MountFacet
  readonly #root: string
  readonly #links: Links | undefined

  constructor(name: string, root: string, links: Links | undefined) {
    this.name = name
    this.#root = root
    this.#links = links
    if (links !== undefined) this.mounts = links
  }

  async create(volume: DriverVolume, { signal }: DriverCall) {
    throwIfAborted(signal, { op: 'create', subject: volume.name })
    await mkdir(join(this.#root, volume.name), { recursive: true })
    const { size } = volume.options
    return typeof size === 'number' ? { state: { made: true }, sizeBytes: size } : { state: { made: true } }
  }

  async remove(volume: DriverVolume, { signal }: DriverCall) {
    throwIfAborted(signal, { op: 'remove', subject: volume.name })
    await rm(join(this.#root, volume.name), { recursive: true, force: true })
  }

  async path(volume: DriverVolume) {
    if (this.#links !== undefined) return await this.#links.path(volume)
    const path = join(this.#root, volume.name)
    return (await isThere(path)) ? path : undefined
  }

  async close() {}
}

class Links implements MountFacet {
  readonly per: 'volume' | 'reference'
  readonly #root: string
  readonly #mountRoot: string

  constructor(per: 'volume' | 'reference', root: string, mountRoot: string) {
    this.per = per
    this.#root = root
    this.#mountRoot = mountRoot
  }

  async mount(volume: DriverVolume, reference: ReferenceInfo, { signal }: DriverCall) {
    throwIfAborted(signal, { op: 'mount', subject: volume.name })
    const target = join(this.#root, volume.name)
    if (!(await isThere(target))) {
      throw new PouchError('not-found', 'there is no such volume', { op: 'mount', subject: volume.name })
    }
    const path = this.#linkOf(volume, reference)
    await mkdir(join(this.#mountRoot, volume.name), { recursive: true })
    await symlink(target, path).catch((error: unknown) => keepSameLink(error, path, target))
    return { path, state: { link: path } }
  }

  async unmount(volume: DriverVolume, reference: ReferenceInfo, _state: unknown, { signal }: DriverCall) {
    throwIfAborted(signal, { op: 'unmount', subject: volume.name })
    const directory = join(this.#mountRoot, volume.name)
    await rm(this.#linkOf(volume, reference), { force: true })
    if ((await this.#linksOf(volume)).length === 0) await rm(directory, { recursive: true, force: true })
  }

  async path(volume: DriverVolume) {
    const [first] = await this.#linksOf(volume)
    return first === undefined ? undefined : join(this.#mountRoot, volume.name, first)
  }

  #linkOf(volume: DriverVolume, reference: ReferenceInfo): string {
    return join(this.#mountRoot, volume.name, this.per === 'volume' ? 'volume' : reference.id)
  }

  async #linksOf(volume: DriverVolume): Promise<string[]> {
    const directory = join(this.#mountRoot, volume.name)
    return (await isThere(directory)) ? await readdir(directory) : []
  }
}

async function keepSameLink(error: unknown, path: string, target: string): Promise<void> {
  if ((await readlink(path)) !== target) throw error
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (PouchError.from(error).code === 'not-found') return false
    throw error
  }
}

import { mkdir } from 'node:fs/promises'
import { throwIfAborted } from '@pouch/errors'
import {
  type CloneFacet,
  type Driver,
  type DriverCall,
  type DriverDefinition,
  type DriverVolume,
  driverContract,
  type FacetName,
  facetNames,
  type HealthFacet,
  type InventoryFacet,
  type MountFacet,
  type OptionTable,
  type RenameFacet,
  type ResizeFacet,
  type SnapshotFacet,
  type UsageFacet,
  type VolumeDescription,
} from '../driver.js'
import { isThere } from './memory/files.js'
import { memoryHealth, memoryInventory, memoryRenaming, memoryResizing, memoryUsage } from './memory/memory-facets.js'
import { MemoryMounts } from './memory/memory-mounts.js'
import { MemoryPlaces } from './memory/memory-places.js'
import { MemoryCloning, MemorySnapshots } from './memory/memory-snapshots.js'

/** Options of {@link memoryDriver}. */
export interface MemoryDriverOptions {
  /** The driver's name; `memory` unless told. */
  readonly name?: string
  /** Gives it the facet `mounts`, of this kind. Without it volumes are always there. */
  readonly mounts?: 'volume' | 'reference'
  /** The facets that it has; none unless told, and `facetNames` for all. `mounts` among them is per volume unless told otherwise. */
  readonly facets?: readonly FacetName[]
}

/**
 * A driver for tests, and to read before writing one: plain directories below `<home>/<name>`, no root needed. A mount is a symbolic link
 * below `<home>/.<name>-mounts`; deleting that directory is what a restart of the host does to it. Snapshots and clones are copies.
 *
 * The option `without` takes facets from one volume, and `direct` one volume out of those that are mounted.
 */
export function memoryDriver(options: MemoryDriverOptions = {}): DriverDefinition {
  const name = options.name ?? 'memory'
  const facets = new Set<FacetName>(options.facets ?? [])
  if (options.mounts !== undefined) facets.add('mounts')
  return Object.freeze<DriverDefinition>({
    contract: driverContract,
    name,
    options: optionsWith(facets),
    open: async ({ home }) => {
      const places = new MemoryPlaces(home, name)
      await places.open()
      return new MemoryDriver(name, places, facets, options.mounts ?? 'volume')
    },
  })
}

const baseOptions: OptionTable = {
  size: { type: 'bytes', description: 'a size that is noted and not enforced', aliases: ['opt.size'] },
  note: { type: 'string', description: 'a text that is kept with the volume', default: '' },
}

function optionsWith(facets: ReadonlySet<FacetName>): OptionTable {
  const direct = { type: 'boolean', description: 'the volume is always there, and never mounted' } as const
  const without = { type: 'string', description: 'facets that the volume is to lack, with commas between' } as const
  return { ...baseOptions, ...(facets.has('mounts') ? { direct } : {}), ...(facets.size > 0 ? { without } : {}) }
}

class MemoryDriver implements Driver {
  readonly name: string
  readonly traits = Object.freeze({ scope: 'local', durable: true, accessModes: ['single-node-writer'] } as const)
  declare readonly mounts?: MountFacet
  declare readonly inventory?: InventoryFacet
  declare readonly resizing?: ResizeFacet
  declare readonly snapshots?: SnapshotFacet
  declare readonly cloning?: CloneFacet
  declare readonly renaming?: RenameFacet
  declare readonly usage?: UsageFacet
  declare readonly health?: HealthFacet
  readonly #places: MemoryPlaces
  readonly #mounts: MemoryMounts | undefined

  constructor(name: string, places: MemoryPlaces, facets: ReadonlySet<FacetName>, per: 'volume' | 'reference') {
    this.name = name
    this.#places = places
    this.#mounts = facets.has('mounts') ? new MemoryMounts(per, places) : undefined
    if (this.#mounts !== undefined) this.mounts = this.#mounts
    if (facets.has('inventory')) this.inventory = memoryInventory(places, this.#mounts === undefined)
    if (facets.has('resizing')) this.resizing = memoryResizing(places)
    if (facets.has('snapshots')) this.snapshots = new MemorySnapshots(places)
    if (facets.has('cloning')) this.cloning = new MemoryCloning(places)
    if (facets.has('renaming')) this.renaming = memoryRenaming(places)
    if (facets.has('usage')) this.usage = memoryUsage(places)
    if (facets.has('health')) this.health = memoryHealth(places)
  }

  async create(volume: DriverVolume, { signal }: DriverCall) {
    throwIfAborted(signal, { op: 'create', subject: volume.name })
    const isFound = (await mkdir(this.#places.volume(volume.name), { recursive: true })) === undefined
    const { size } = volume.options
    return { state: { made: true }, isFound, ...(typeof size === 'number' ? { sizeBytes: size } : {}) }
  }

  async remove(volume: DriverVolume, { signal }: DriverCall) {
    throwIfAborted(signal, { op: 'remove', subject: volume.name })
    await this.#places.drop(this.#places.snapshotsOf(volume.name))
    await this.#places.drop(this.#places.volume(volume.name))
  }

  async path(volume: DriverVolume) {
    if (this.#mounts?.concerns(volume) === true) return await this.#mounts.path(volume)
    const path = this.#places.volume(volume.name)
    return (await isThere(path)) ? path : undefined
  }

  async describe(volume: DriverVolume): Promise<VolumeDescription> {
    const { without } = volume.options
    const names = typeof without === 'string' ? without.split(',') : []
    const lacking = facetNames.filter((facet) => names.includes(facet) && this[facet] !== undefined)
    const reasons = lacking.map((facet) => [facet, `the volume was made without ${facet}`])
    return { without: Object.fromEntries(reasons), facts: { directory: this.#places.volume(volume.name) } }
  }

  async close() {}
}

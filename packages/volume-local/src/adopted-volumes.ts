import { PouchError } from '@pouch/errors'
import type {
  CreatedVolume,
  DriverCall,
  DriverStateArea,
  DriverVolume,
  FacetName,
  JsonValue,
  Usage,
} from '@pouch/volume-core/driver'
import { abandonDirectory, adoptDirectory, canonicalMount, passOnDirectory } from './adopted-directory.js'
import type { Backing, Content, LendRequest } from './backing.js'
import { walkedUsage } from './directory-volumes.js'
import { requireAtRest } from './snapshot-shelf.js'
import { isDirectory } from './volume-directory.js'
import { planVolume } from './volume-plan.js'
import type { VolumeRoot } from './volume-root.js'

/** Volumes that are directories of the host's, named by `mount=`. */
export class AdoptedVolumes implements Backing {
  readonly name = 'adopted'
  readonly #root: VolumeRoot
  readonly #state: DriverStateArea

  constructor(root: VolumeRoot, state: DriverStateArea) {
    this.#root = root
    this.#state = state
  }

  async create(volume: DriverVolume, _: DriverCall, content?: Content): Promise<CreatedVolume> {
    planVolume(volume)
    if (content !== undefined) {
      const message = 'a volume cannot be cloned into a directory of the host: leave mount= out'
      throw new PouchError('unsupported', message, { op: 'local', subject: volume.name, details: { option: 'mount' } })
    }
    const mount = mountOf(volume)
    const path = await adoptDirectory({ name: volume.name, mount, reserved: this.#root.reserved, state: this.#state })
    return { state: { path } }
  }

  async remove(volume: DriverVolume): Promise<void> {
    await abandonDirectory(volume.name, await this.#dataOf(volume), this.#state)
  }

  async path(volume: DriverVolume): Promise<string | undefined> {
    const path = await this.#dataOf(volume)
    return (await isDirectory(path)) ? path : undefined
  }

  async rename(volume: DriverVolume, newName: string): Promise<void> {
    await passOnDirectory(volume.name, newName, await this.#dataOf(volume), this.#state)
  }

  async measure(volume: DriverVolume, { signal }: DriverCall): Promise<Usage> {
    return await walkedUsage(await this.#dataOf(volume), signal)
  }

  async lacks(): Promise<Readonly<Partial<Record<FacetName, string>>>> {
    const whose = 'it is a directory of the host that mount= names, and not the driver’s'
    return {
      resizing: `${whose}: limit it where it is, or clone it into a volume with size=`,
      snapshots: `${whose}: snapshots could not take its place; clone it into a volume of the driver’s`,
    }
  }

  async facts(volume: DriverVolume): Promise<Readonly<Record<string, JsonValue>>> {
    return { backing: this.name, directory: await this.#dataOf(volume) }
  }

  async lend<T>(
    volume: DriverVolume,
    source: LendRequest,
    _: DriverCall,
    use: (content: Content) => Promise<T>,
  ): Promise<T> {
    requireAtRest(volume, source)
    return await use({ kind: 'tree', path: await this.#dataOf(volume) })
  }

  async #dataOf(volume: DriverVolume): Promise<string> {
    const { state } = volume
    const stored = typeof state === 'object' && state !== null && 'path' in state ? state.path : undefined
    return typeof stored === 'string' ? stored : await canonicalMount(mountOf(volume))
  }
}

function mountOf({ options }: DriverVolume): string {
  return typeof options.mount === 'string' ? options.mount : ''
}

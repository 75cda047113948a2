import { mkdir, readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { PouchError, throwIfAborted } from '@pouch/errors'
import { isWithin, readMountinfo } from '@pouch/mount'
import type {
  CreatedVolume,
  Driver,
  DriverCall,
  DriverHost,
  DriverStateArea,
  DriverTraits,
  DriverVolume,
} from '@pouch/volume-core/driver'
import { abandonDirectory, adoptDirectory, canonicalMount } from './adopted-directory.js'
import { coalesced } from './coalesced.js'
import { Trash } from './trash.js'
import { dataFolder, isDirectory, makeVolumeDirectory } from './volume-directory.js'

const trashFolder = '.trash'
const stagingFolder = '.new'

/** The local driver, open. */
export class LocalDriver implements Driver {
  readonly name = 'local'
  readonly traits: DriverTraits = Object.freeze({
    scope: 'local',
    durable: true,
    accessModes: Object.freeze(['single-node-writer'] as const),
  })

  readonly #root: string
  readonly #home: string
  readonly #trash: Trash
  readonly #state: DriverStateArea
  readonly #readMounts = coalesced(() => readMountinfo())

  private constructor(root: string, home: string, trash: Trash, state: DriverStateArea) {
    this.#root = root
    this.#home = home
    this.#trash = trash
    this.#state = state
  }

  /** Makes the root where it is absent, and begins to delete what a crash left. */
  static async open(root: string | undefined, host: DriverHost): Promise<LocalDriver> {
    const wanted = root ?? join(host.home, 'volume')
    await mkdir(wanted, { recursive: true, mode: 0o701 })
    const canonicalRoot = await realpath(wanted)
    const trash = await Trash.open(join(canonicalRoot, trashFolder), host.log)
    await discardDrafts(join(canonicalRoot, stagingFolder), trash)
    return new LocalDriver(canonicalRoot, await realpath(host.home), trash, host.state)
  }

  async create(volume: DriverVolume, { signal }: DriverCall): Promise<CreatedVolume | undefined> {
    throwIfAborted(signal, { op: 'create', subject: volume.name })
    const mount = mountOption(volume)
    if (mount === undefined) {
      this.#directoryOf(volume)
      return { path: await makeVolumeDirectory(this.#root, volume.name) }
    }
    const reserved = [this.#home, this.#root]
    const path = await adoptDirectory({ name: volume.name, mount, reserved, state: this.#state })
    return { state: { path } }
  }

  async remove(volume: DriverVolume, { signal }: DriverCall): Promise<void> {
    throwIfAborted(signal, { op: 'remove', subject: volume.name })
    if (mountOption(volume) !== undefined) {
      await abandonDirectory(volume.name, await this.#dataOf(volume), this.#state)
      return
    }
    const directory = this.#directoryOf(volume)
    await this.#refuseMounts(directory)
    await this.#trash.discard(directory, volume.name)
  }

  async path(volume: DriverVolume): Promise<string | undefined> {
    const path = await this.#dataOf(volume)
    const isThere = mountOption(volume) !== undefined || (await isDirectory(this.#directoryOf(volume)))
    return isThere && (await isDirectory(path)) ? path : undefined
  }

  async close(): Promise<void> {
    await this.#trash.close()
  }

  async #dataOf(volume: DriverVolume): Promise<string> {
    const mount = mountOption(volume)
    if (mount === undefined) return join(this.#directoryOf(volume), dataFolder)
    const { state } = volume
    const stored = typeof state === 'object' && state !== null && 'path' in state ? state.path : undefined
    return typeof stored === 'string' ? stored : await canonicalMount(mount)
  }

  /** A deletion must not reach through a mount into what is mounted there. */
  async #refuseMounts(directory: string): Promise<void> {
    if (process.platform !== 'linux') return
    const entries = await this.#readMounts()
    const mounts = entries.map(({ mountPoint }) => mountPoint).filter((path) => isWithin(directory, path))
    if (mounts.length === 0) return
    throw new PouchError('in-use', `something is mounted in it at ${mounts.join(', ')}; unmount that first`, {
      op: 'local',
      subject: directory,
      details: { mounts },
    })
  }

  /** The engine checks names; this holds for whoever calls the driver without it. */
  #directoryOf({ name }: DriverVolume): string {
    if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(name)) return join(this.#root, name)
    throw new PouchError('invalid-argument', 'this cannot be the name of a local volume', {
      op: 'local',
      subject: name,
    })
  }
}

function mountOption({ options }: DriverVolume): string | undefined {
  const mount = options.mount
  return typeof mount === 'string' ? mount : undefined
}

async function discardDrafts(staging: string, trash: Trash): Promise<void> {
  await mkdir(staging, { recursive: true, mode: 0o700 })
  for (const draft of await readdir(staging)) await trash.discard(join(staging, draft), draft)
}

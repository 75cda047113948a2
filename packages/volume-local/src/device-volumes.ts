import { readdir, statfs } from 'node:fs/promises'
import { PouchError, throwIfAborted } from '@pouch/errors'
import { findMount, type MountEntry, mount, mountsUnder, unmount } from '@pouch/mount'
import {
  type CreatedVolume,
  type DriverCall,
  type DriverVolume,
  type FacetName,
  type JsonValue,
  maskedText,
  scrubbed,
  secretsInText,
  type Usage,
} from '@pouch/volume-core/driver'
import type { Backing, Content, Mounting } from './backing.js'
import { deviceMount, isRemote, type Resolver, systemResolver } from './device-mount.js'
import { type DeviceSettings, deviceSettings } from './device-settings.js'
import { foreignDirectory } from './foreign-directory.js'
import { makeVolumeDirectory } from './volume-directory.js'
import { planVolume } from './volume-plan.js'
import type { VolumeRoot } from './volume-root.js'

/** Volumes that are mounts of something that the user names, as Docker's local driver has them: `type`, `o`, `device`. */
export class DeviceVolumes implements Backing {
  readonly name = 'device'
  readonly mounting: Mounting
  readonly #root: VolumeRoot
  readonly #resolve: Resolver

  constructor(root: VolumeRoot, resolve: Resolver = systemResolver) {
    this.#root = root
    this.#resolve = resolve
    this.mounting = {
      mount: async (volume, call) => await this.#mount(volume, call),
      unmount: async (volume, call) => await this.#unmount(volume, call),
    }
  }

  /** Mounts nothing yet: what is to be mounted need not be there. */
  async create(volume: DriverVolume, _: DriverCall, content?: Content): Promise<undefined | CreatedVolume> {
    planVolume(volume)
    this.#root.directoryOf(volume.name)
    if (content !== undefined) {
      const message = 'a volume cannot be cloned into a device: leave type, o and device out'
      throw new PouchError('unsupported', message, { op: 'local', subject: volume.name, details: { option: 'device' } })
    }
    const { path, isFound = false } = await makeVolumeDirectory(this.#root.path, volume.name)
    if (isFound) await this.#requireEmpty(volume, path)
    return { isFound }
  }

  async remove(volume: DriverVolume, call: DriverCall): Promise<void> {
    if (process.platform === 'linux') await this.#unmount(volume, call)
    await this.#root.remove(volume.name)
  }

  async path(volume: DriverVolume): Promise<string | undefined> {
    return (await mountedAt(this.#root.dataOf(volume.name))) === undefined ? undefined : this.#root.dataOf(volume.name)
  }

  async rename(volume: DriverVolume, newName: string): Promise<void> {
    await this.#root.rename(volume.name, newName)
  }

  async measure(volume: DriverVolume): Promise<Usage> {
    const path = await this.path(volume)
    if (path === undefined) {
      const message = 'what is on its device is known only while it is mounted: ask while it is in use'
      throw new PouchError('conflict', message, { op: 'local', subject: volume.name })
    }
    const { blocks, bfree, bsize, files, ffree } = await statfs(path)
    const usage = { usedBytes: (blocks - bfree) * bsize, source: 'counter' } as const
    return files === 0 ? usage : { ...usage, usedInodes: files - ffree }
  }

  async lacks(): Promise<Readonly<Partial<Record<FacetName, string>>>> {
    const whose = 'its content is that of the device that device= names, and not the driver’s'
    return {
      resizing: `${whose}: change the size of the device`,
      snapshots: `${whose}: make snapshots of the device, or migrate the volume`,
      cloning: `${whose}: export the volume and import it into one of the driver’s`,
    }
  }

  async facts(volume: DriverVolume): Promise<Readonly<Record<string, JsonValue>>> {
    const { type, device, o } = requireSettings(volume)
    return { backing: this.name, type, device: maskedText(device), o: maskedText(o) }
  }

  async #mount(volume: DriverVolume, { signal }: DriverCall): Promise<string> {
    throwIfAborted(signal, { op: 'mount', subject: volume.name })
    const settings = requireSettings(volume)
    const path = this.#root.dataOf(volume.name)
    if ((await mountedAt(path)) !== undefined) return path
    await makeVolumeDirectory(this.#root.path, volume.name)
    try {
      const { source, type, options } = await deviceMount(settings, this.#resolve)
      await mount({ source, target: path, type, options }, { signal })
      if (settings.isBind) await keepToItself(path)
      return path
    } catch (error) {
      throw mountFailure(settings, path, error)
    }
  }

  /** The mount would hide what is there, and the removal of the volume delete it. */
  async #requireEmpty({ name }: DriverVolume, path: string): Promise<void> {
    if ((await mountedAt(path)) !== undefined || (await readdir(path)).length === 0) return
    throw foreignDirectory(name, this.#root.directoryOf(name), 'it has the data of another volume in it')
  }

  /** What is mounted in it, by a recursive bind or by its user, goes first; what is in use stays. */
  async #unmount(volume: DriverVolume, { log }: DriverCall): Promise<void> {
    const path = this.#root.dataOf(volume.name)
    if ((await mountedAt(path)) === undefined) return
    const settings = requireSettings(volume)
    const below = await mountsUnder(path)
    if (below.length > 0 && !settings.isBind) throw inUse(path, below)
    if (below.length > 0) await keepToItself(path)
    for (const { mountPoint } of below.reverse()) await unmount(mountPoint)
    log.debug({ path }, 'unmount a device')
    await unmount(path, { force: isRemote(settings) })
  }
}

function requireSettings(volume: DriverVolume): DeviceSettings {
  const settings = deviceSettings(volume.options)
  if (settings !== undefined) return settings
  throw new PouchError('internal', 'a volume without a device was taken for one with', {
    op: 'local',
    subject: volume.name,
  })
}

async function mountedAt(path: string): Promise<MountEntry | undefined> {
  if (process.platform !== 'linux') return undefined
  const found = await findMount(path)
  return found?.mountPoint === path ? found : undefined
}

/** Unmounting what is in a bind would otherwise unmount it where it was bound from, too. */
async function keepToItself(path: string): Promise<void> {
  await mount({ source: 'none', target: path, type: '', options: ['rslave'] })
}

/** In Docker's words, without what must not be told. */
function mountFailure(settings: DeviceSettings, path: string, thrown: unknown): PouchError {
  const { type } = settings
  const cause = scrubbed(thrown, secretsInText(settings.device, settings.o))
  const why = PouchError.from(cause)
  const device = maskedText(settings.device)
  const options = maskedText(settings.o)
  const message = `failed to mount local volume: mount ${device}:${path}, data: ${options}: ${why.message}`
  const details = { ...why.details, type, device, o: options }
  return new PouchError(why.code, message, { op: 'mount', subject: path, details, cause })
}

function inUse(path: string, below: readonly MountEntry[]): PouchError {
  const mounts = below.map(({ mountPoint }) => mountPoint)
  const message = `something is mounted in it at ${mounts.join(', ')}; unmount that first`
  return new PouchError('in-use', message, { op: 'local', subject: path, details: { mounts } })
}

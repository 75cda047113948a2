import { readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { PouchError, throwIfAborted } from '@pouch/errors'
import { makeDirectories } from '@pouch/file-tree'
import { findMount, type MountEntry, mount, mountsUnder, unmount } from '@pouch/mount'
import { formatBytes } from '@pouch/units'
import type {
  CreatedVolume,
  Driver,
  DriverCall,
  DriverHost,
  DriverTraits,
  DriverVolume,
  HealthFacet,
  JsonValue,
  Logger,
  Mounted,
  MountFacet,
  ReferenceInfo,
  RenameFacet,
  ResizeFacet,
  UsageFacet,
  VolumeDescription,
} from '@pouch/volume-core/driver'
import { chosenMountPoint, makeMountPoint, removeMountPoint, requireEmpty, requireUnused } from './mount-point.js'
import { mountSettings } from './mount-settings.js'
import { checkHealth } from './tmpfs-health.js'
import { measure } from './tmpfs-usage.js'

/** tmpfs rounds sizes up to pages; no architecture has larger ones. */
const largestPageBytes = 64 * 1024

/** The tmpfs driver, open. Its mounts carry the engine's id as their source, and no others are ever touched. */
export class TmpfsDriver implements Driver {
  readonly name = 'tmpfs'
  readonly traits: DriverTraits = Object.freeze({
    scope: 'local',
    durable: false,
    accessModes: Object.freeze(['single-node-writer'] as const),
  })

  readonly mounts: MountFacet = Object.freeze({
    per: 'volume',
    mount: async (volume: DriverVolume, _: ReferenceInfo, call: DriverCall) => await this.#mount(volume, call),
    unmount: async (volume: DriverVolume, _: ReferenceInfo, __: JsonValue | undefined, call: DriverCall) =>
      await this.#unmount(volume, call),
  })

  readonly resizing: ResizeFacet = Object.freeze({
    resize: async (volume: DriverVolume, sizeBytes: number, call: DriverCall) =>
      await this.#resize(volume, sizeBytes, call),
  })

  readonly renaming: RenameFacet = Object.freeze({
    rename: async (volume: DriverVolume, newName: string, call: DriverCall) =>
      await this.#rename(volume, newName, call),
  })

  readonly usage: UsageFacet = Object.freeze({
    measure: async (volume: DriverVolume) => await measure(requireMade(volume), await this.path(volume)),
  })

  readonly health: HealthFacet = Object.freeze({ check: async () => await checkHealth(this.#root) })

  readonly #root: string
  readonly #home: string
  readonly #source: string

  private constructor(root: string, home: string, source: string) {
    this.#root = root
    this.#home = home
    this.#source = source
  }

  /** Makes the root where it is absent, and takes away the mount points on which nothing is mounted. Mounts stay. */
  static async open(root: string | undefined, host: DriverHost): Promise<TmpfsDriver> {
    const wanted = root ?? join(host.home, 'tmpfs')
    await makeDirectories(wanted, 0o711)
    const driver = new TmpfsDriver(await realpath(wanted), await realpath(host.home), `pouch-tmpfs:${host.engineId}`)
    if (process.platform === 'linux') await driver.#removeOrphans(host.log)
    return driver
  }

  async create(volume: DriverVolume, { signal }: DriverCall): Promise<CreatedVolume> {
    throwIfAborted(signal, { op: 'create', subject: volume.name })
    const { sizeBytes } = mountSettings(volume)
    const path = await this.#target(volume)
    if ((await this.#ours(path)) === undefined) await (isChosen(volume) ? requireEmpty(path) : requireUnused(path))
    return { state: { path }, sizeBytes }
  }

  async remove(volume: DriverVolume, call: DriverCall): Promise<void> {
    throwIfAborted(call.signal, { op: 'remove', subject: volume.name })
    await this.#unmount(volume, call)
  }

  async path(volume: DriverVolume): Promise<string | undefined> {
    const path = await this.#target(volume)
    return (await this.#ours(path)) === undefined ? undefined : path
  }

  async describe(volume: DriverVolume): Promise<VolumeDescription> {
    const facts = {
      backing: 'memory',
      limitBytes: mountSettings(volume).sizeBytes,
      enforcement: 'a writer over the limit gets ENOSPC, whoever it is',
      lifetime: 'its data ends with its last mounted reference',
    }
    return { without: {}, facts }
  }

  async close(): Promise<void> {}

  /** What is mounted changes at once; what is not gets the size with its next mount. */
  async #resize(volume: DriverVolume, sizeBytes: number, { signal }: DriverCall): Promise<CreatedVolume> {
    throwIfAborted(signal, { op: 'resize', subject: volume.name })
    const settings = mountSettings({ ...requireMade(volume), sizeBytes })
    const path = await this.#target(volume)
    if ((await this.#ours(path)) !== undefined) {
      const { usedBytes } = await measure(volume, path)
      if (usedBytes > sizeBytes) throw tooSmall(volume, usedBytes, sizeBytes)
      const options = ['remount', ...settings.options, `size=${sizeBytes}`]
      await mount({ source: this.#source, target: path, type: 'tmpfs', options }, { signal })
    }
    return { state: { path }, sizeBytes }
  }

  /** There is nothing of a volume on the disk but its mount point, and that only while it is mounted. */
  async #rename(volume: DriverVolume, newName: string, { signal }: DriverCall): Promise<CreatedVolume> {
    throwIfAborted(signal, { op: 'rename', subject: volume.name })
    const { sizeBytes } = mountSettings(requireMade(volume))
    const path = await this.#target(volume)
    const found = await this.#ours(path)
    if (found !== undefined) throw inUse(path, [found])
    if (isChosen(volume)) return { state: { path }, sizeBytes }
    const renamed = this.#ownMountPoint({ ...volume, name: newName })
    if ((await this.#ours(renamed)) !== undefined) throw taken(volume, newName)
    await requireUnused(renamed)
    await removeMountPoint(path)
    return { state: { path: renamed }, sizeBytes }
  }

  async #mount(volume: DriverVolume, { signal }: DriverCall): Promise<Mounted> {
    throwIfAborted(signal, { op: 'mount', subject: volume.name })
    const { sizeBytes, options, data } = mountSettings(volume)
    const path = await this.#target(volume)
    const found = await this.#ours(path)
    if (found !== undefined) {
      requireSize(found, sizeBytes)
      return { path }
    }
    await requireEmpty(path)
    await makeMountPoint(path)
    if ((await realpath(path)) !== path) throw changed(path)
    await mount({ source: this.#source, target: path, type: 'tmpfs', options, data }, { signal })
    return { path }
  }

  async #unmount(volume: DriverVolume, { log }: DriverCall): Promise<void> {
    const path = await this.#target(volume)
    if ((await this.#ours(path)) !== undefined) {
      const below = await mountsUnder(path)
      if (below.length > 0) throw inUse(path, below)
      await unmount(path)
    }
    if (isChosen(volume) || (await removeMountPoint(path))) return
    log.warn({ directory: path }, 'a mount point has files in it that are not of the volume; it is left as it is')
  }

  /** The mount at a path when it is of this engine. @throws PouchError `conflict` when it is of somebody else */
  async #ours(path: string): Promise<MountEntry | undefined> {
    const found = await findMount(path)
    if (found?.mountPoint !== path) return undefined
    if (found.type === 'tmpfs' && found.source === this.#source) return found
    const message = `${found.source} (${found.type}) is mounted on ${path}, and not by this engine; unmount it first`
    throw new PouchError('conflict', message, { op: 'tmpfs', subject: path, details: { source: found.source } })
  }

  async #target(volume: DriverVolume): Promise<string> {
    const { mount: chosen } = volume.options
    if (typeof chosen !== 'string') return this.#ownMountPoint(volume)
    const { state } = volume
    const stored = typeof state === 'object' && state !== null && 'path' in state ? state.path : undefined
    return typeof stored === 'string' ? stored : await chosenMountPoint(chosen, [this.#home, this.#root])
  }

  /** The engine checks names; this holds for whoever calls the driver without it. */
  #ownMountPoint({ name }: DriverVolume): string {
    if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(name)) return join(this.#root, name)
    throw new PouchError('invalid-argument', 'this cannot be the name of a tmpfs volume', {
      op: 'tmpfs',
      subject: name,
    })
  }

  async #removeOrphans(log: Logger): Promise<void> {
    const mounted = new Set((await mountsUnder(this.#root)).map(({ mountPoint }) => mountPoint))
    for (const entry of await readdir(this.#root, { withFileTypes: true })) {
      const path = join(this.#root, entry.name)
      if (!entry.isDirectory() || mounted.has(path) || (await removeMountPoint(path))) continue
      log.warn({ directory: path }, 'a mount point on which nothing is mounted has files in it; it is left as it is')
    }
  }
}

function isChosen({ options }: DriverVolume): boolean {
  return typeof options.mount === 'string'
}

function requireSize({ mountPoint, superOptions }: MountEntry, sizeBytes: number): void {
  const kibibytes = /^size=(\d+)k$/.exec(superOptions.find((option) => option.startsWith('size=')) ?? '')?.[1]
  const excess = Number(kibibytes) * 1024 - sizeBytes
  if (kibibytes === undefined || (excess >= 0 && excess < largestPageBytes)) return
  const message = `the tmpfs on ${mountPoint} has ${kibibytes} KiB where ${sizeBytes} bytes are wanted; unmount it first`
  throw new PouchError('conflict', message, { op: 'tmpfs', subject: mountPoint })
}

function inUse(path: string, below: readonly MountEntry[]): PouchError {
  const mounts = below.map(({ mountPoint }) => mountPoint)
  const message = `something is mounted in it at ${mounts.join(', ')}; unmount that first`
  return new PouchError('in-use', message, { op: 'tmpfs', subject: path, details: { mounts } })
}

/** What create answers is the only trace of a volume that is not mounted. */
function requireMade(volume: DriverVolume): DriverVolume {
  if (volume.state !== undefined) return volume
  throw new PouchError('not-found', `there is no volume ${volume.name}`, { op: 'tmpfs', subject: volume.name })
}

function tooSmall({ name }: DriverVolume, usedBytes: number, sizeBytes: number): PouchError {
  const message = `it holds ${formatBytes(usedBytes)}, and ${formatBytes(sizeBytes)} are wanted: delete something first, or take a greater size`
  return new PouchError('exhausted', message, { op: 'tmpfs', subject: name, details: { usedBytes, sizeBytes } })
}

function taken({ name }: DriverVolume, newName: string): PouchError {
  const message = `a volume ${newName} is mounted; take another name`
  return new PouchError('already-exists', message, { op: 'tmpfs', subject: name, details: { name: newName } })
}

function changed(path: string): PouchError {
  return new PouchError('conflict', `${path} changed while the volume was mounted; try again`, {
    op: 'tmpfs',
    subject: path,
  })
}

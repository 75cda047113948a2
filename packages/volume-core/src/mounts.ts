import { isAbsolute } from 'node:path'
import { PouchError } from '@pouch/errors'
import type { Driver, DriverVolume, Mounted, MountFacet, ReferenceInfo } from './driver.js'
import { callDriver, type DriverCallScope, DriverStillRunning } from './driver-call.js'
import { scopeOf } from './driver-scope.js'
import { deepFreeze, driverVolume, keptState } from './driver-volume.js'
import type { EngineParts, Work } from './engine-parts.js'
import { mountsOf } from './mounts-of.js'
import type { VolumeEntry } from './volume-entry.js'
import { type ReferenceRecord, reservedAgain, withReference } from './volume-record.js'

interface Subject {
  readonly driver: Driver
  /** Absent for a volume that is always there. */
  readonly mounts: MountFacet | undefined
  readonly volume: DriverVolume
}

/**
 * Mounts and unmounts for references. With a driver that mounts, an intent is durable before each call of it and a mount is
 * durable before it is acknowledged; with one whose volumes are always there, mounting is that record alone.
 */
export class Mounts {
  readonly #parts: EngineParts
  readonly #abandoned = new Set<string>()

  constructor(parts: EngineParts) {
    this.#parts = parts
  }

  /**
   * Brings a reference to `mounted`. `reference` may be new to the record.
   *
   * @param release drop the reference, rather than reserve it, should the mount fail or a crash come between
   */
  async mount(entry: VolumeEntry, reference: ReferenceRecord, release: boolean, work: Work): Promise<ReferenceRecord> {
    const { mounts, volume } = this.#subject(entry, 'mount')
    const base = reservedAgain(reference)
    if (mounts === undefined) return await this.#present(entry, base, work)
    const shared = mounts.per === 'volume' ? this.#mountedHere(entry, reference.id) : undefined
    if (shared?.path !== undefined) {
      return await this.#set(entry, { ...base, state: 'mounted', path: shared.path, ...mountState(shared.mountState) })
    }
    if (reference.state === 'unmounting') await this.unmount(entry, reference, false, work)
    const intent: ReferenceRecord = { ...base, state: 'mounting', ...(release ? { release } : {}) }
    await this.#parts.volumes.update(entry, withReference(entry.record, base.id, intent))
    try {
      const mounted = await this.#mountByDriver(mounts, entry, volume, base, work)
      return await this.#set(entry, { ...base, state: 'mounted', path: mounted.path, ...mountState(mounted.state) })
    } catch (error) {
      await this.#undoMount(entry, intent, work, error)
      throw error
    }
  }

  /**
   * Brings a reference to `reserved`, or drops it.
   *
   * @param release drop it
   */
  async unmount(entry: VolumeEntry, reference: ReferenceRecord, release: boolean, work: Work): Promise<void> {
    const drop = release || reference.release === true || this.#isLeftOver(reference)
    const after = drop ? undefined : reservedAgain(reference)
    const next = withReference(entry.record, reference.id, after)
    if (reference.state === 'reserved') {
      if (drop) await this.#parts.volumes.update(entry, next)
      return
    }
    const { mounts, volume } = this.#subject(entry, 'unmount')
    if (mounts === undefined) {
      await this.#parts.volumes.update(entry, next)
      return
    }
    if (mounts.per === 'volume' && this.#mountedHere(entry, reference.id) !== undefined) {
      await this.#parts.volumes.update(entry, next)
      return
    }
    const intent: ReferenceRecord = { ...reference, state: 'unmounting', ...(drop ? { release: true } : {}) }
    await this.#parts.volumes.update(entry, withReference(entry.record, reference.id, intent))
    await this.#unmountByDriver(mounts, entry, volume, intent, work)
    await this.#parts.volumes.mark(entry, withReference(entry.record, reference.id, after))
  }

  /** Finishes what is between two states on this host: what was mounting or unmounting, or was an earlier run's own, is unmounted. */
  async finish(entry: VolumeEntry, work: Work): Promise<void> {
    for (const reference of this.#unfinished(entry)) await this.unmount(entry, reference, false, work)
  }

  /**
   * After a start of the engine: believes that a reference is mounted only if the driver says so. After a restart of the host it
   * does not, and the reference becomes `reserved`.
   */
  async verify(entry: VolumeEntry, work: Work): Promise<void> {
    const mounted = this.#here(entry).filter(({ state }) => state === 'mounted')
    const { driver, mounts, volume } = this.#subject(entry, 'mount')
    if (mounts === undefined || mounted.length === 0) return
    const path = await callDriver(this.#scope('path', entry, work), (call) => driver.path(volume, call))
    if (path !== undefined) return
    for (const reference of mounted) {
      const current = entry.record.references.find(({ id }) => id === reference.id)
      if (current !== undefined) await this.unmount(entry, current, false, work)
    }
  }

  /** Lets go of every reference on this host, of a volume that is to be undone. */
  async dropAll(entry: VolumeEntry, work: Work): Promise<void> {
    for (const reference of this.#here(entry)) await this.unmount(entry, reference, true, work)
  }

  /** Lets go of a reference of the engine's own. One that cannot be let go of now is left to {@link finish}. */
  async dropOwn(entry: VolumeEntry, id: string, work: Work): Promise<void> {
    const reference = entry.record.references.find((other) => other.id === id)
    if (reference === undefined) return
    try {
      await this.unmount(entry, reference, true, work)
    } catch (error) {
      this.#abandoned.add(id)
      entry.problem = PouchError.from(error)
      throw error
    }
  }

  /** Whether {@link finish} has something to do. */
  isUnfinished(entry: VolumeEntry): boolean {
    return entry.record.references.length > 0 && this.#unfinished(entry).length > 0
  }

  async #present(entry: VolumeEntry, base: ReferenceRecord, work: Work): Promise<ReferenceRecord> {
    const { driver, volume } = this.#subject(entry, 'mount')
    const path = await callDriver(this.#scope('mount', entry, work), async (call) => {
      const there = await driver.path(volume, call)
      if (!isUsablePath(there)) throw badPath(driver.name, there)
      return there
    })
    const mounted: ReferenceRecord = { ...base, state: 'mounted', path }
    const next = withReference(entry.record, base.id, mounted)
    await this.#parts.volumes.update(entry, next)
    return mounted
  }

  async #set(entry: VolumeEntry, reference: ReferenceRecord): Promise<ReferenceRecord> {
    await this.#parts.volumes.update(entry, withReference(entry.record, reference.id, reference))
    return reference
  }

  async #mountByDriver(
    facet: MountFacet,
    entry: VolumeEntry,
    volume: DriverVolume,
    reference: ReferenceRecord,
    work: Work,
  ): Promise<Mounted> {
    const { driver } = entry.record
    return await callDriver(this.#scope('mount', entry, work), async (call) => {
      const { path, state } = await facet.mount(volume, infoOf(reference), call)
      if (!isUsablePath(path)) throw badPath(driver, path)
      const kept = keptState(driver, state)
      return kept === undefined ? { path } : { path, state: kept }
    })
  }

  /** Has no signal of the caller's: what was begun is finished. */
  async #unmountByDriver(
    facet: MountFacet,
    entry: VolumeEntry,
    volume: DriverVolume,
    reference: ReferenceRecord,
    work: Work,
  ): Promise<void> {
    const scope = this.#scope('unmount', entry, { lease: work.lease, timeoutMs: work.timeoutMs })
    const state = deepFreeze(reference.mountState)
    await callDriver(scope, (call) => facet.unmount(volume, infoOf(reference), state, call))
  }

  async #undoMount(entry: VolumeEntry, intent: ReferenceRecord, work: Work, failure: unknown): Promise<void> {
    const undo = async () => {
      try {
        await this.unmount(entry, intent, false, { lease: work.lease, timeoutMs: this.#parts.timeoutMs })
      } catch (error) {
        entry.problem = PouchError.from(error)
        this.#parts.log.warn(
          { volume: entry.name, reference: intent.id, err: error },
          'a failed mount could not be undone yet',
        )
      }
    }
    if (failure instanceof DriverStillRunning) work.lease.hold(failure.rest.then(undo))
    else await undo()
  }

  #unfinished(entry: VolumeEntry): ReferenceRecord[] {
    return this.#here(entry).filter(
      (reference) => reference.state === 'mounting' || reference.state === 'unmounting' || this.#isLeftOver(reference),
    )
  }

  /** The engine's own, and nobody will let go of it any more. */
  #isLeftOver({ id, transient }: ReferenceRecord): boolean {
    return transient !== undefined && (transient !== this.#parts.runId || this.#abandoned.has(id))
  }

  #mountedHere(entry: VolumeEntry, except: string): ReferenceRecord | undefined {
    return this.#here(entry).find(({ id, state }) => id !== except && state === 'mounted')
  }

  #here(entry: VolumeEntry): ReferenceRecord[] {
    return entry.record.references.filter(({ host }) => host === this.#parts.hostName)
  }

  #subject(entry: VolumeEntry, verb: string): Subject {
    const { definition, driver } = this.#parts.drivers.get(entry.record.driver, verb, entry.name)
    return { driver, mounts: mountsOf(this.#parts.drivers, entry), volume: driverVolume(definition, entry.record) }
  }

  #scope(verb: string, entry: VolumeEntry, work: Work): DriverCallScope {
    return scopeOf(this.#parts, verb, entry.record, work)
  }
}

const mountState = (state: ReferenceRecord['mountState']) => (state === undefined ? {} : { mountState: state })

const infoOf = ({ id, holder, readOnly }: ReferenceRecord): ReferenceInfo => Object.freeze({ id, holder, readOnly })

const isUsablePath = (path: unknown): path is string => typeof path === 'string' && isAbsolute(path)

function badPath(driver: string, path: unknown): PouchError {
  return new PouchError('internal', `driver ${driver} answered ${JSON.stringify(path)} where an absolute path is due`)
}

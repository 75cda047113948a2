import { PouchError } from '@pouch/errors'
import { Backend } from './backend.js'
import type { Core } from './core.js'
import type { DriverSnapshot, SnapshotFacet } from './driver.js'
import { DriverStillRunning } from './driver-call.js'
import { keptState } from './driver-volume.js'
import type { EngineParts, Work } from './engine-parts.js'
import { finishRestore } from './finish-restore.js'
import { dropSnapshot } from './finish-snapshots.js'
import { checkSnapshotName } from './names.js'
import { copyOf } from './new-volume.js'
import { patient } from './patience.js'
import { inUse } from './removal.js'
import { checkStringMap } from './requests.js'
import { publicSnapshot, type SnapshotRecord, wholeSnapshots, withSnapshot } from './snapshot-record.js'
import { failureAtRest, hasMadeNothing } from './staging.js'
import { unfinished } from './updates.js'
import { verbWords } from './verb-words.js'
import type { VolumeCall } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import type { Snapshot, SnapshotCreateRequest } from './volume-requests.js'
import type { VolumeViews } from './volume-views.js'
import { isWritten } from './writers.js'

/** A record has to stay well below what a store takes for a value. */
const mostSnapshots = 500

/** Keeps states of volumes, and brings them back. */
export class Snapshots {
  readonly #parts: EngineParts
  readonly #core: Core
  readonly #views: VolumeViews

  constructor(parts: EngineParts, core: Core, views: VolumeViews) {
    this.#parts = parts
    this.#core = core
    this.#views = views
  }

  /** The intent is durable, then the driver works, then the snapshot is. A crash between removes it. */
  async create(name: string, request: SnapshotCreateRequest, call: VolumeCall): Promise<Snapshot> {
    const snapshotName = request.name ?? nameOfTime(this.#parts.clock())
    checkSnapshotName(snapshotName, name, 'snapshot')
    checkStringMap(request.labels, 'snapshot', name, 'labels')
    return await this.#alone(name, 'snapshot', call, async (entry, work) => {
      const backend = new Backend(this.#parts, entry.record, 'snapshot')
      const facet = await backend.require('snapshots', 'snapshot', work)
      this.#checkRoom(entry, snapshotName)
      await requireUnknown(backend, facet, snapshotName, work)
      const intent = this.#intent(snapshotName, request)
      await this.#store(entry, intent)
      const wanted = {
        name: snapshotName,
        isMounted: isWritten(entry.record),
        allowInconsistent: request.allowInconsistent === true,
      }
      try {
        const made = await backend.call('snapshot', work, (driverCall) =>
          facet.create(backend.volume, wanted, driverCall),
        )
        const ready = kept(entry.record.driver, intent, made)
        await this.#store(entry, ready)
        return this.#tell('volume.snapshotted', entry, ready)
      } catch (error) {
        await this.#undo(entry, intent, work, error)
        throw error
      }
    })
  }

  async list(name: string, call: VolumeCall): Promise<Snapshot[]> {
    await this.#core.get(name, call)
    const record = this.#parts.volumes.find(name)?.record
    return wholeSnapshots(record?.snapshots).map((snapshot) => publicSnapshot(name, snapshot))
  }

  /** @throws PouchError `not-found` */
  async remove(name: string, snapshot: string, call: VolumeCall): Promise<void> {
    await this.#alone(name, 'removeSnapshot', call, async (entry, work) => {
      const found = find(entry, snapshot, 'removeSnapshot')
      const backend = new Backend(this.#parts, entry.record, 'removeSnapshot')
      await backend.require('snapshots', 'removeSnapshot', work)
      const intent: SnapshotRecord = { ...found, phase: 'removing' }
      await this.#store(entry, intent)
      try {
        await dropSnapshot(this.#parts, entry, intent, work)
      } catch (error) {
        entry.problem = PouchError.from(error)
        throw error
      }
      this.#tell('volume.snapshotRemoved', entry, found)
    })
  }

  /** @throws PouchError `not-found`, `in-use` while it is mounted */
  async restore(name: string, snapshot: string, call: VolumeCall): Promise<void> {
    await this.#alone(name, 'restore', call, async (entry, work) => {
      const found = find(entry, snapshot, 'restore')
      if (entry.record.references.some(({ state }) => state !== 'reserved')) {
        throw inUse(entry.record, 'restore', 'stop what uses it first')
      }
      if (entry.record.pending !== undefined) throw unfinished(entry, 'restore')
      const backend = new Backend(this.#parts, entry.record, 'restore')
      await backend.require('snapshots', 'restore', work)
      const pending = { kind: 'restore', snapshot } as const
      await this.#parts.volumes.update(entry, { ...entry.record, pending })
      await finishRestore(this.#parts, entry, pending, work, false)
      this.#tell('volume.restored', entry, found)
    })
  }

  async #alone<T>(
    name: string,
    verb: string,
    call: VolumeCall,
    action: (entry: VolumeEntry, work: Work) => Promise<T>,
  ): Promise<T> {
    return await this.#core.locked(name, verb, call, async (locked) => {
      const work = patient(this.#parts, locked, call)
      return await action(await this.#core.usable(name, work), work)
    })
  }

  #checkRoom({ name, record }: VolumeEntry, snapshot: string): void {
    const { snapshots = [] } = record
    const at = { op: 'volume.snapshot', subject: name, details: { snapshot } }
    if (snapshots.some((other) => other.name === snapshot)) {
      throw new PouchError('already-exists', `snapshot ${name}: it has a snapshot ${snapshot} already`, at)
    }
    if (snapshots.length < mostSnapshots) return
    const text = `snapshot ${name}: it has ${mostSnapshots} snapshots, and may have no more: remove some`
    throw new PouchError('exhausted', text, at)
  }

  #intent(name: string, { labels }: SnapshotCreateRequest): SnapshotRecord {
    const createdAt = new Date(this.#parts.clock()).toISOString()
    return { name, createdAt, labels: copyOf(labels), phase: 'creating', method: '', isConsistent: false }
  }

  async #store(entry: VolumeEntry, snapshot: SnapshotRecord): Promise<void> {
    await this.#parts.volumes.update(entry, withSnapshot(entry.record, snapshot.name, snapshot))
  }

  /** Takes back what failed, once the driver has come to rest. What cannot be taken back now is unfinished, and tried again. */
  async #undo(entry: VolumeEntry, intent: SnapshotRecord, work: Work, failure: unknown): Promise<void> {
    const undo = async (cause: unknown) => {
      try {
        if (hasMadeNothing(cause))
          await this.#parts.volumes.update(entry, withSnapshot(entry.record, intent.name, undefined))
        else await dropSnapshot(this.#parts, entry, intent, work)
      } catch (error) {
        entry.problem = PouchError.from(error)
        this.#parts.log.warn({ volume: entry.name, err: error }, 'a failed snapshot could not be undone yet')
      }
    }
    if (failure instanceof DriverStillRunning) work.lease.hold(failureAtRest(failure).then(undo))
    else await undo(failure)
  }

  #tell(
    event: 'volume.snapshotted' | 'volume.snapshotRemoved' | 'volume.restored',
    entry: VolumeEntry,
    record: SnapshotRecord,
  ): Snapshot {
    const snapshot = publicSnapshot(entry.name, record)
    this.#parts.events.emit(event, this.#views.show(entry), snapshot)
    return snapshot
  }
}

/** A snapshot of a volume, that is whole. @param target what the operation is about, when it is another volume. @throws PouchError `not-found` */
export function find({ name, record }: VolumeEntry, snapshot: string, verb: string, target = name): SnapshotRecord {
  const found = wholeSnapshots(record.snapshots).find((other) => other.name === snapshot)
  if (found !== undefined) return found
  const known = wholeSnapshots(record.snapshots).map((other) => other.name)
  const text =
    `${verbWords(verb)} ${target}: no such snapshot${target === name ? '' : ` of volume ${name}`}: ` +
    `${JSON.stringify(snapshot)}; it has ${known.join(', ') || 'none'}`
  throw new PouchError('not-found', text, { op: `volume.${verb}`, subject: target, details: { snapshot } })
}

/** @throws PouchError `already-exists` when the driver has a snapshot of this name that no record tells of */
async function requireUnknown(backend: Backend, facet: SnapshotFacet, snapshot: string, work: Work): Promise<void> {
  const found = await backend.call('snapshot', work, (call) => facet.list(backend.volume, call))
  if (!found.some(({ name }) => name === snapshot)) return
  const { name } = backend.volume
  const text =
    `snapshot ${name}: driver '${backend.driver.name}' has a snapshot ${snapshot} of it already, which no record tells of, and it is ` +
    'left alone: take another name'
  throw new PouchError('already-exists', text, { op: 'volume.snapshot', subject: name, details: { snapshot } })
}

function kept(driver: string, intent: SnapshotRecord, made: DriverSnapshot): SnapshotRecord {
  const { method, isConsistent, sizeBytes } = made
  if (typeof method !== 'string' || typeof isConsistent !== 'boolean') {
    throw new PouchError('internal', `driver ${driver} did not tell how it made snapshot ${intent.name}`)
  }
  const state = keptState(driver, made.state)
  return {
    ...intent,
    phase: 'ready',
    method,
    isConsistent,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(state === undefined ? {} : { state }),
  }
}

/** `20261121-113836-123`: sorts by time, and needs no quotes in a shell. */
function nameOfTime(nowMs: number): string {
  const digits = new Date(nowMs).toISOString().replace(/\D/g, '')
  return `${digits.slice(0, 8)}-${digits.slice(8, 14)}-${digits.slice(14)}`
}

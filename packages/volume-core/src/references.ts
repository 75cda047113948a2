import { randomBytes } from 'node:crypto'
import { PouchError } from '@pouch/errors'
import { type Core, noSuchVolume } from './core.js'
import type { EngineParts, Work } from './engine-parts.js'
import type { Mounts } from './mounts.js'
import { checkReferenceRequest } from './requests.js'
import type { HeldReference, Reference, ReferenceRequest, VolumeCall } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import { type ReferenceRecord, withReference } from './volume-record.js'
import { publicReference, type VolumeViews } from './volume-views.js'

/** A record has to stay well below what a store takes for a value. */
const mostReferences = 1000

/** Who holds which volume: reserve and release, mount and unmount, and both at a time as attach and detach. */
export class References {
  readonly #parts: EngineParts
  readonly #core: Core
  readonly #mounts: Mounts
  readonly #views: VolumeViews

  constructor(parts: EngineParts, core: Core, mounts: Mounts, views: VolumeViews) {
    this.#parts = parts
    this.#core = core
    this.#mounts = mounts
    this.#views = views
  }

  async reserve(name: string, request: ReferenceRequest, call: VolumeCall): Promise<Reference> {
    checkReferenceRequest(request, 'reserve', name)
    return await this.#core.locked(name, 'reserve', call, async (work) => {
      const entry = await this.#core.usable(name, work)
      const existing = sameReference(entry, request)
      if (existing !== undefined) return publicReference(existing)
      const reference = this.#newReference(entry, request)
      await this.#parts.volumes.update(entry, withReference(entry.record, reference.id, reference))
      return this.#tell('volume.attached', entry, reference)
    })
  }

  async mount(name: string, id: string, call: VolumeCall): Promise<Reference> {
    return await this.#core.locked(name, 'mount', call, async (work) => {
      const entry = await this.#core.usable(name, work)
      const reference = find(entry, id)
      if (reference === undefined) throw noSuchReference(name, id)
      if (reference.state === 'mounted') return publicReference(reference)
      const mounted = await this.#mounts.mount(entry, reference, false, work)
      return this.#tell('volume.mounted', entry, mounted)
    })
  }

  async unmount(name: string, id: string, call: VolumeCall): Promise<void> {
    await this.#withReference(name, id, 'unmount', call, async (entry, reference, work) => {
      if (reference.state === 'reserved') return
      await this.#mounts.unmount(entry, reference, false, work)
      this.#tell('volume.unmounted', entry, reference)
    })
  }

  async release(name: string, id: string, call: VolumeCall): Promise<void> {
    await this.#withReference(name, id, 'release', call, async (entry, reference, work) => {
      if (reference.state === 'mounted') throw stillMounted(name, id)
      await this.#mounts.unmount(entry, reference, true, work)
      this.#tell('volume.detached', entry, reference)
    })
  }

  async attach(name: string, request: ReferenceRequest, call: VolumeCall): Promise<Reference> {
    checkReferenceRequest(request, 'attach', name)
    return await this.#core.locked(name, 'attach', call, async (work) => {
      const entry = await this.#core.usable(name, work)
      const existing = sameReference(entry, request)
      if (existing?.state === 'mounted') return publicReference(existing)
      const reference = existing ?? this.#newReference(entry, request)
      const mounted = await this.#mounts.mount(entry, reference, existing === undefined, work)
      if (existing === undefined) this.#tell('volume.attached', entry, mounted)
      return this.#tell('volume.mounted', entry, mounted)
    })
  }

  async detach(name: string, id: string, call: VolumeCall): Promise<void> {
    await this.#withReference(name, id, 'detach', call, async (entry, reference, work) => {
      await this.#mounts.unmount(entry, reference, true, work)
      if (reference.state !== 'reserved') this.#tell('volume.unmounted', entry, reference)
      this.#tell('volume.detached', entry, reference)
    })
  }

  /** All references, by volume; of one holder when told. */
  all(holder: string | undefined): HeldReference[] {
    const held: HeldReference[] = []
    for (const { name, record } of this.#parts.volumes.ordered()) {
      for (const reference of record.references) {
        if (holder !== undefined && reference.holder !== holder) continue
        held.push(Object.freeze({ volume: name, reference: publicReference(reference) }))
      }
    }
    return held
  }

  /** What is not there any more is what the caller wants: it says nothing. */
  async #withReference(
    name: string,
    id: string,
    verb: string,
    call: VolumeCall,
    action: (entry: VolumeEntry, reference: ReferenceRecord, work: Work) => Promise<void>,
  ): Promise<void> {
    await this.#core.locked(name, verb, call, async (work) => {
      const entry = this.#parts.volumes.find(name)
      if (entry === undefined) throw noSuchVolume(name, 'get')
      const reference = find(entry, id)
      if (reference !== undefined) await action(entry, reference, work)
    })
  }

  #newReference(entry: VolumeEntry, request: ReferenceRequest): ReferenceRecord {
    if (entry.record.references.length >= mostReferences) {
      throw new PouchError('exhausted', `volume ${entry.name} has ${mostReferences} references, and may have no more`, {
        op: 'volume.reserve',
        subject: entry.name,
      })
    }
    return {
      id: request.id ?? randomBytes(16).toString('hex'),
      holder: request.holder,
      host: this.#parts.hostName,
      readOnly: request.readOnly === true,
      state: 'reserved',
    }
  }

  #tell(
    event: 'volume.attached' | 'volume.mounted' | 'volume.unmounted' | 'volume.detached',
    entry: VolumeEntry,
    record: ReferenceRecord,
  ): Reference {
    const reference = publicReference(record)
    this.#parts.events.emit(event, this.#views.show(entry), reference)
    return reference
  }
}

const find = (entry: VolumeEntry, id: string) => entry.record.references.find((reference) => reference.id === id)

/** A repeated call finds its reference; another holder's call with the same id is a mistake. */
function sameReference(entry: VolumeEntry, request: ReferenceRequest): ReferenceRecord | undefined {
  const existing = request.id === undefined ? undefined : find(entry, request.id)
  if (existing === undefined) return undefined
  if (existing.holder === request.holder && existing.readOnly === (request.readOnly === true)) return existing
  const text = `reserve ${entry.name}: the reference '${existing.id}' is ${existing.holder}'s, ${existing.readOnly ? 'read-only' : 'to write'}`
  throw new PouchError('conflict', text, {
    op: 'volume.reserve',
    subject: entry.name,
    details: { reference: existing.id },
  })
}

function noSuchReference(name: string, id: string): PouchError {
  const text = `mount ${name}: it has no reference '${id}': reserve it first`
  return new PouchError('not-found', text, { op: 'volume.mount', subject: name, details: { reference: id } })
}

function stillMounted(name: string, id: string): PouchError {
  const text = `release ${name}: the reference '${id}' is mounted: unmount it first, or detach it`
  return new PouchError('conflict', text, { op: 'volume.release', subject: name, details: { reference: id } })
}

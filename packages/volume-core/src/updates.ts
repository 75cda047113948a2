import { PouchError } from '@pouch/errors'
import { Backend } from './backend.js'
import type { Core } from './core.js'
import type { EngineParts, Work } from './engine-parts.js'
import { finishResize } from './finish-resize.js'
import { copyOf } from './new-volume.js'
import { patient } from './patience.js'
import { checkUpdateRequest } from './requests.js'
import type { Volume, VolumeCall } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import type { VolumeRecord } from './volume-record.js'
import type { UpdateRequest } from './volume-requests.js'

/** Changes labels and sizes. */
export class Updates {
  readonly #parts: EngineParts
  readonly #core: Core

  constructor(parts: EngineParts, core: Core) {
    this.#parts = parts
    this.#core = core
  }

  async update(name: string, request: UpdateRequest, call: VolumeCall): Promise<Volume> {
    checkUpdateRequest(request, name)
    const { labels, sizeBytes } = request
    return await this.#core.locked(name, 'update', call, async (locked) => {
      const work = patient(this.#parts, locked, call)
      const entry = await this.#core.usable(name, work)
      const relabel = (record: VolumeRecord) =>
        labels === undefined ? record : { ...record, labels: changed(record.labels, labels) }
      if (sizeBytes !== undefined) await this.#resize(entry, sizeBytes, relabel, work)
      else await this.#parts.volumes.update(entry, relabel(entry.record))
      const volume = await this.#core.lastSeen(entry, work)
      this.#parts.events.emit('volume.updated', volume)
      return volume
    })
  }

  /** The labels become durable with the new size: both or neither. */
  async #resize(
    entry: VolumeEntry,
    sizeBytes: number,
    relabel: (record: VolumeRecord) => VolumeRecord,
    work: Work,
  ): Promise<void> {
    const { volumes } = this.#parts
    await new Backend(this.#parts, entry.record, 'update').require('resizing', 'update', work)
    if (entry.record.pending !== undefined && entry.record.pending.kind !== 'resize') throw unfinished(entry)
    const pending = { kind: 'resize', sizeBytes } as const
    await volumes.update(entry, { ...entry.record, pending })
    await finishResize(this.#parts, entry, pending, work, false, relabel)
  }
}

function changed(
  labels: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string>> {
  const next = new Map(Object.entries(labels))
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) next.delete(key)
    else next.set(key, value)
  }
  return copyOf(Object.fromEntries(next))
}

/** The error of an operation that an earlier one, which cannot be finished yet, is in the way of. */
export function unfinished({ name, record, problem }: VolumeEntry, verb = 'update'): PouchError {
  const { kind } = record.pending ?? {}
  const text = `${verb} ${name}: an earlier operation on it (${kind}) is unfinished: ${problem?.message ?? 'try again'}`
  return new PouchError('in-use', text, { op: `volume.${verb}`, subject: name, details: { pending: kind ?? null } })
}

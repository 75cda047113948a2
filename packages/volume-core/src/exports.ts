import { PouchError } from '@pouch/errors'
import { packTree } from '@pouch/file-tree'
import type { Core } from './core.js'
import type { EngineParts } from './engine-parts.js'
import { HeldArchive } from './held-archive.js'
import type { Mounts } from './mounts.js'
import { mountOwn, type OwnMount } from './own-mount.js'
import { inUse } from './removal.js'
import { transferError } from './transfer-error.js'
import { treeTellers } from './tree-tellers.js'
import type { Reference, Volume, VolumeCall } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import type { ExportRequest, VolumeArchive } from './volume-requests.js'
import { isWritten } from './writers.js'

/** Reads volumes out as archives. */
export class Exports {
  readonly #parts: EngineParts
  readonly #core: Core
  readonly #mounts: Mounts
  readonly #open = new Set<HeldArchive>()

  constructor(parts: EngineParts, core: Core, mounts: Mounts) {
    this.#parts = parts
    this.#core = core
    this.#mounts = mounts
  }

  async open(name: string, request: ExportRequest, call: VolumeCall): Promise<VolumeArchive> {
    return await this.#core.locked(name, 'export', call, async (work) => {
      const entry = await this.#core.usable(name, work)
      if (isWritten(entry.record) && request.allowInconsistent !== true) throw beingWritten(entry)
      const mount = await mountOwn(this.#parts, this.#mounts, entry, { verb: 'export', readOnly: true }, work)
      return this.#archive(entry, mount, request, call)
    })
  }

  /** Ends what is being read, and lets go of the volumes. */
  async close(): Promise<void> {
    const closed = new PouchError('unavailable', 'export: the volume engine is closed', { op: 'volume.export' })
    await Promise.all([...this.#open].map((archive) => archive.end(closed)))
  }

  #archive(entry: VolumeEntry, mount: OwnMount, request: ExportRequest, call: VolumeCall): VolumeArchive {
    const { name } = entry
    const ignoreWriters = this.#watchWriters(name, request)
    let released: Promise<void> | undefined
    const release = () => {
      released ??= this.#release(entry, mount).finally(() => {
        ignoreWriters()
        this.#open.delete(archive)
      })
      return released
    }
    const pack = (signal: AbortSignal) => packed(name, mount.path, request, anyOf(signal, call.signal))
    const archive = new HeldArchive({ volume: name, pack, release })
    this.#open.add(archive)
    return archive
  }

  /** All bytes may have been read: what cannot be let go of now is kept as a problem of the volume, and tried again. */
  async #release(entry: VolumeEntry, { id }: OwnMount): Promise<void> {
    try {
      await this.#core.locked(entry.name, 'export', {}, (work) => this.#mounts.dropOwn(entry, id, work))
    } catch (error) {
      this.#parts.log.warn({ volume: entry.name, err: error }, 'an exported volume could not be let go of yet')
    }
  }

  /** An export holds nobody off: who comes to write while it goes on makes it one of a moment that never was. */
  #watchWriters(name: string, { onWarning }: ExportRequest): () => void {
    if (onWarning === undefined) return () => undefined
    const listener = (volume: Volume, reference: Reference) => {
      if (volume.name !== name || reference.readOnly) return
      onWarning(
        `${reference.holder} began to write into ${name} while it was exported: the archive may be inconsistent`,
      )
    }
    this.#parts.events.on('volume.mounted', listener)
    return () => void this.#parts.events.off('volume.mounted', listener)
  }
}

async function* packed(
  name: string,
  path: string,
  request: ExportRequest,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* packTree(path, { ...treeTellers(request, signal), chunks: request.chunks })
  } catch (error) {
    throw transferError('export', name, error)
  }
}

const anyOf = (one: AbortSignal, other: AbortSignal | undefined) =>
  other === undefined ? one : AbortSignal.any([one, other])

function beingWritten({ name, record }: VolumeEntry): PouchError {
  const wayOut = 'somebody may be writing into it: stop them, or allow an inconsistent copy'
  const { message, details } = inUse(record, 'export', wayOut)
  const unless = 'allowInconsistent'
  return new PouchError('in-use', message, { op: 'volume.export', subject: name, details: { ...details, unless } })
}

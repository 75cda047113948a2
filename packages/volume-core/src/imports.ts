import { PouchError } from '@pouch/errors'
import { unpackTree } from '@pouch/file-tree'
import { Backend } from './backend.js'
import { begun } from './carry-out.js'
import type { Core } from './core.js'
import { type Creation, checkedName, nameTaken } from './creation.js'
import type { EngineParts, Work } from './engine-parts.js'
import type { Filling } from './filling.js'
import { keptBy } from './kept.js'
import type { Mounts } from './mounts.js'
import { mountOwn } from './own-mount.js'
import { patient } from './patience.js'
import { requireNew } from './staging.js'
import { askedOfTop, keepingTop } from './top-directory.js'
import { transferError } from './transfer-error.js'
import { treeTellers } from './tree-tellers.js'
import { untilAborted } from './until-aborted.js'
import type { Volume, VolumeCall } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import type { ImportRequest } from './volume-requests.js'

/** What {@link Imports} works with. */
export interface ImportParts {
  readonly core: Core
  readonly creation: Creation
  readonly filling: Filling
  readonly mounts: Mounts
}

/** Makes volumes of archives. */
export class Imports {
  readonly #parts: EngineParts
  readonly #with: ImportParts

  constructor(parts: EngineParts, others: ImportParts) {
    this.#parts = parts
    this.#with = others
  }

  async import(request: ImportRequest, source: AsyncIterable<Uint8Array>, call: VolumeCall): Promise<Volume> {
    const { core, creation, filling } = this.#with
    const name = checkedName(request, 'import')
    return await core.locked(name, 'import', call, async (locked) => {
      const work = patient(this.#parts, locked, call)
      const existing = await creation.existing(name, request, work)
      if (existing !== undefined) throw nameTaken(name, existing.record.driver, 'import')
      const entry = await creation.begin(name, request, 'import', work, { kind: 'import' })
      await filling.fill(entry, work, () => this.#unpack(entry, request, source, work))
      const volume = await creation.created(entry, work)
      this.#parts.events.emit('volume.imported', volume)
      return volume
    })
  }

  async #unpack(
    entry: VolumeEntry,
    request: ImportRequest,
    source: AsyncIterable<Uint8Array>,
    work: Work,
  ): Promise<undefined> {
    const { mounts } = this.#with
    const { name } = entry
    const backend = new Backend(this.#parts, entry.record, 'import')
    const { driver, volume } = backend
    if (!driver.traits.durable) throw forgetful(name, driver.name, 'import')
    const made = await backend.call('import', work, (driverCall) => driver.create(volume, driverCall))
    requireNew(made, name, driver.name, 'import')
    await this.#parts.volumes.update(entry, keptBy(entry.record, made))
    const mount = await mountOwn(this.#parts, mounts, entry, { verb: 'import', readOnly: false }, work)
    try {
      const unpack = () => unpackTree(mount.path, untilAborted(source, work.signal), treeTellers(request, work.signal))
      await keepingTop(mount.path, askedOfTop(backend.definition, entry.record.options), unpack)
    } catch (error) {
      throw transferError('import', name, error, mount.path)
    }
    await mounts.dropOwn(entry, mount.id, begun(work))
  }
}

/** The error of content that a driver would lose with the unmount that follows. */
export function forgetful(name: string, driver: string, verb: string): PouchError {
  const text = `${verb} ${name}: driver ${driver} keeps nothing in a volume that is not mounted: choose another driver`
  return new PouchError('unsupported', text, { op: `volume.${verb}`, subject: name, details: { driver } })
}

import { PouchError } from '@pouch/errors'
import { Backend } from './backend.js'
import type { Core } from './core.js'
import { type Creation, checkedName, nameTaken } from './creation.js'
import type { EngineParts, Work } from './engine-parts.js'
import type { Filling } from './filling.js'
import { checkVolumeName } from './names.js'
import { patient } from './patience.js'
import { checkCloneSource } from './requests.js'
import { driverSnapshot } from './snapshot-record.js'
import { find } from './snapshots.js'
import { unfinished } from './updates.js'
import type { CreateRequest, Volume, VolumeCall } from './volume.js'
import type { VolumeEntry } from './volume-entry.js'
import type { CloneSource } from './volume-requests.js'
import { isWritten } from './writers.js'

/** What {@link Cloning} works with. */
export interface CloningParts {
  readonly core: Core
  readonly creation: Creation
  readonly filling: Filling
}

/** Makes volumes from others of the same driver. */
export class Cloning {
  readonly #parts: EngineParts
  readonly #with: CloningParts

  constructor(parts: EngineParts, others: CloningParts) {
    this.#parts = parts
    this.#with = others
  }

  async create(request: CreateRequest, from: CloneSource, call: VolumeCall): Promise<Volume> {
    const { core, creation } = this.#with
    const name = checkedName(request, 'create')
    checkCloneSource(from, name)
    checkVolumeName(from.volume, 'create')
    return await core.lockedBoth([from.volume, name], 'create', call, async (locked) => {
      const work = patient(this.#parts, locked, call)
      const existing = await creation.existing(name, request, work)
      if (existing !== undefined) {
        if (request.ifExists === 'return') return await core.lastSeen(existing, work)
        throw nameTaken(name, existing.record.driver, 'create')
      }
      const source = await core.usable(from.volume, work)
      const entry = await this.#clone(name, request, source, from, work)
      return await creation.created(entry, work)
    })
  }

  async #clone(
    name: string,
    request: CreateRequest,
    source: VolumeEntry,
    from: CloneSource,
    work: Work,
  ): Promise<VolumeEntry> {
    const { creation, filling } = this.#with
    const { driver } = source.record
    if (request.driver !== undefined && request.driver !== '' && request.driver !== driver) {
      throw otherDriver(name, source, request.driver)
    }
    if (source.record.pending !== undefined) throw unfinished(source, 'create')
    const origin = new Backend(this.#parts, source.record, 'create')
    const cloning = await origin.require('cloning', 'create', work)
    const snapshot =
      from.snapshot === undefined ? undefined : driverSnapshot(find(source, from.snapshot, 'create', name))
    const { options, sizeBytes } = hasOptions(request) ? { ...request, sizeBytes: undefined } : source.record
    const wanted = { ...request, driver, options }
    const isNeverRenamed = (await origin.describe(work)).without.renaming !== undefined
    const entry = await creation.begin(name, wanted, 'create', work, { kind: 'clone', sizeBytes, isNeverRenamed })
    const clone = new Backend(this.#parts, entry.record, 'create')
    const what = {
      source: origin.volume,
      isMounted: isWritten(source.record),
      allowInconsistent: from.allowInconsistent === true,
      ...(snapshot === undefined ? {} : { snapshot }),
    }
    await filling.fill(entry, work, () => clone.call('create', work, (call) => cloning.clone(clone.volume, what, call)))
    return entry
  }
}

/** Options of the caller's own take the place of all that the source is, of the size that it was brought to, too. */
function hasOptions({ options }: CreateRequest): boolean {
  return options !== undefined && Object.keys(options).length > 0
}

function otherDriver(name: string, source: VolumeEntry, wanted: string): PouchError {
  const { driver } = source.record
  const text =
    `create ${name}: a clone of ${source.name} has its driver, ${driver}, not ${wanted}: ` +
    'leave the driver out, and migrate the clone'
  return new PouchError('invalid-argument', text, { op: 'volume.create', subject: name, details: { driver } })
}

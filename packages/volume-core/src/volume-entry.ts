import type { PouchError } from '@pouch/errors'
import type { Volume } from './volume.js'
import type { VolumeRecord } from './volume-record.js'

/** A volume in memory: its record, where the store is with it, and what was worked out from it. */
export class VolumeEntry {
  /** Where it is, for a driver without mounts; asked once. */
  mountpoint: string | undefined
  /** The public form, made when somebody asks. */
  shown: Volume | undefined
  /** Whether it is one to be mounted, for a driver that mounts only some; asked once. */
  isMounting: boolean | undefined
  /** Whether its backend, when it was last asked, said that it is gone. */
  #isMissing = false
  /** Whether it has left the table. */
  isGone = false
  #record: VolumeRecord
  #revision: string | undefined
  #problem: PouchError | undefined

  constructor(record: VolumeRecord, revision: string) {
    this.#record = record
    this.#revision = revision
  }

  get name(): string {
    return this.#record.name
  }

  get record(): VolumeRecord {
    return this.#record
  }

  /** The revision of the record in the store; `undefined` when the outcome of the last write is unknown. */
  get revision(): string | undefined {
    return this.#revision
  }

  set revision(revision: string | undefined) {
    this.#revision = revision
  }

  /** Why something about the volume is unfinished. */
  get problem(): PouchError | undefined {
    return this.#problem
  }

  set problem(problem: PouchError | undefined) {
    this.#problem = problem
    this.shown = undefined
  }

  /** What is just being created or removed is not there for readers; what could not be finished is. */
  get isVisible(): boolean {
    return (this.#record.phase === 'ready' && !isArriving(this.#record)) || this.#problem !== undefined
  }

  get isMissing(): boolean {
    return this.#isMissing
  }

  set isMissing(isMissing: boolean) {
    if (isMissing !== this.#isMissing) this.shown = undefined
    this.#isMissing = isMissing
  }

  replace(record: VolumeRecord): void {
    const before = this.#record
    this.#record = record
    this.shown = undefined
    const isElsewhere = record.driver !== before.driver || record.staged !== before.staged
    const hasMoved = isElsewhere || record.options !== before.options
    if (hasMoved || record.state !== before.state) this.isMounting = undefined
    // A volume keeps driver and options for life, unless it moves.
    if (hasMoved) this.mountpoint = undefined
  }
}

/** Whether it is whole and has not got its name. */
function isArriving({ pending }: VolumeRecord): boolean {
  return pending?.kind === 'arrive' && pending.filling !== undefined
}

import type { PouchError } from '@pouch/errors'
import type { Volume } from './volume.js'
import type { VolumeRecord } from './volume-record.js'

/** A volume in memory: its record, where the store is with it, and what was worked out from it. */
export class VolumeEntry {
  /** Where it is, for a driver without mounts; asked once. */
  mountpoint: string | undefined
  /** The public form, made when somebody asks. */
  shown: Volume | undefined
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
    return this.#record.phase === 'ready' || this.#problem !== undefined
  }

  replace(record: VolumeRecord): void {
    this.#record = record
    this.shown = undefined
  }
}

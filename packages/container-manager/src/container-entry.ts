import { PouchError } from '@pouch/errors'
import type { Container, ContainerExit, ContainerState } from './container.js'
import { type ContainerRecord, type Intent, toContainer } from './container-record.js'
import type { ContainerStore } from './container-store.js'
import type { ExecSession } from './exec-session.js'
import type { RunStreams } from './streams/run-streams.js'
import { Mutex } from './sync/mutex.js'

/** A promise and the means to settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
}

/** A container while this process has it: its record, its lock, its streams, and those who wait for it. */
export class ContainerEntry {
  readonly directory: string
  readonly lock = new Mutex()
  readonly execs = new Map<string, ExecSession>()
  /** The streams of the present run; also while its end is being worked on. */
  run: RunStreams | undefined
  /** The run that comes next, for those who attach before start; `undefined` when there will be none. */
  nextRun: Deferred<RunStreams | undefined> = deferred()
  /** Settled at the next exit (or failed start). */
  nextExit: Deferred<ContainerExit> = deferred()
  readonly removed: Deferred<ContainerExit> = deferred()
  /** A removal is under way: nobody else may begin one, or start it. */
  isRemoving = false
  isOomKilled = false
  /** It ends to be started again: it does not remove itself. */
  isRestarting = false
  /** Held while a user has paused the container. */
  releaseThrottle: (() => void) | undefined
  #record: ContainerRecord
  readonly #store: ContainerStore

  constructor(record: ContainerRecord, directory: string, store: ContainerStore) {
    this.#record = record
    this.#store = store
    this.directory = directory
  }

  get id(): string {
    return this.#record.id
  }

  get name(): string {
    return this.#record.name
  }

  get record(): ContainerRecord {
    return this.#record
  }

  get state(): ContainerState {
    return this.#record.state
  }

  /** Whether there is a process: running or paused. */
  get isRunning(): boolean {
    return this.state.status === 'running' || this.state.status === 'paused'
  }

  container(): Container {
    return toContainer(this.#record, this.directory, [...this.execs.keys()])
  }

  /** Stores a change of the record; what is read before that resolves is still the old one. Call it under the lock. */
  async update(
    change: Partial<Omit<ContainerRecord, 'state' | 'intent'>> & {
      readonly state?: Partial<ContainerState>
      readonly intent?: Intent | undefined
    },
    options: { readonly lazy?: boolean } = {},
  ): Promise<void> {
    const { intent: _, ...rest } = this.#record
    const { state, intent, ...fields } = change
    const next: ContainerRecord = {
      ...rest,
      ...fields,
      state: { ...this.state, ...state },
      ...(intent === undefined ? {} : { intent }),
    }
    if (next.name === this.name) await this.#store.save(next, options)
    else await this.#store.rename(next, this.name)
    this.#record = next
  }

  /** Tells those who wait, and lets the next ones wait anew. */
  settleExit(exit: ContainerExit): void {
    const settled = this.nextExit
    this.nextExit = deferred()
    settled.resolve(exit)
  }

  /** @throws PouchError `conflict` unless there is a process */
  requireRunning(op: string): void {
    if (this.isRunning) return
    throw new PouchError('conflict', `Container ${this.id} is not running`, { op, subject: this.id })
  }
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

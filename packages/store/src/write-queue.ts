import { setImmediate as nextRound } from 'node:timers/promises'
import { abortError } from '@pouch/errors'
import type { PreparedOperation } from './write-plan.js'

/** Past one of these a group is full and the rest waits for the next one. */
const groupBounds = { bytes: 4 * 1024 * 1024, operations: 4096 }

/** One call's write. */
export interface WriteRequest {
  readonly op: string
  readonly operations: readonly PreparedOperation[]
  readonly lazy: boolean
}

/** A write that waits, and the two ways in which it can end. */
export interface WriteTicket extends WriteRequest {
  resolve(revisions: (string | undefined)[]): void
  reject(error: unknown): void
}

/**
 * Gathers the writes that wait while one group is being written, and hands them on as the next group: one fsync then
 * serves all of them.
 */
export class WriteQueue {
  readonly #flush: (tickets: readonly WriteTicket[]) => Promise<void>
  #waiting: WriteTicket[] = []
  #running: Promise<void> | undefined

  /** @param flush settles every ticket that it is given */
  constructor(flush: (tickets: readonly WriteTicket[]) => Promise<void>) {
    this.#flush = flush
  }

  /** Whether nothing waits and nothing is being written. */
  get idle(): boolean {
    return this.#running === undefined
  }

  /** Queues a write. A signal takes it out again, or ends the wait when it is being written already. */
  add(request: WriteRequest, signal: AbortSignal | undefined): Promise<(string | undefined)[]> {
    return new Promise((resolve, reject) => {
      const forget = () => signal?.removeEventListener('abort', cancel)
      const ticket: WriteTicket = {
        ...request,
        resolve: (revisions) => {
          forget()
          resolve(revisions)
        },
        reject: (error) => {
          forget()
          reject(error)
        },
      }
      const cancel = () => {
        this.#waiting = this.#waiting.filter((other) => other !== ticket)
        if (signal !== undefined) ticket.reject(abortError(signal, { op: request.op }))
      }
      signal?.addEventListener('abort', cancel, { once: true })
      this.#waiting.push(ticket)
      this.#running ??= this.#run()
    })
  }

  /** Resolves when everything that was added has been settled. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Callers that the last group answered ask again before this resolves, and so share the next fsync.
      await nextRound()
      const group = this.#takeGroup()
      if (group.length > 0) await this.#flush(group).catch((error: unknown) => rejectAll(group, error))
    }
    this.#running = undefined
  }

  #takeGroup(): WriteTicket[] {
    let bytes = 0
    let operations = 0
    const full = this.#waiting.findIndex((ticket) => {
      operations += ticket.operations.length
      for (const { text } of ticket.operations) bytes += text?.length ?? 0
      return bytes >= groupBounds.bytes || operations >= groupBounds.operations
    })
    return this.#waiting.splice(0, full === -1 ? this.#waiting.length : full + 1)
  }
}

function rejectAll(tickets: readonly WriteTicket[], error: unknown): void {
  for (const ticket of tickets) ticket.reject(error)
}

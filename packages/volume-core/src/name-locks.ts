import { abortError, PouchError } from '@pouch/errors'

/** A held lock. */
export interface Lease {
  /** Keeps the lock until this settles too, even after its holder has let go: a driver's call that outlived its deadline. */
  hold(work: Promise<unknown>): void
}

/** How long a caller is ready to wait. */
export interface LockWait {
  readonly op: string
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs: number
}

/**
 * One lock per name, first come first served. A wait that is cancelled or takes too long rejects and leaves the queue; a name that
 * nobody holds takes no memory.
 */
export class NameLocks {
  readonly #queues = new Map<string, (() => void)[]>()

  /** How many names are locked or waited for. */
  get size(): number {
    return this.#queues.size
  }

  /**
   * Runs `work` as the only holder of `name`.
   *
   * @throws PouchError `aborted` or `timeout` when the wait ended first; else what `work` throws
   */
  async run<T>(name: string, wait: LockWait, work: (lease: Lease) => Promise<T>): Promise<T> {
    if (wait.signal?.aborted === true) throw abortError(wait.signal, { op: wait.op, subject: name })
    const queue = this.#queues.get(name)
    if (queue === undefined) this.#queues.set(name, [])
    else await this.#turn(name, queue, wait)
    const held: Promise<unknown>[] = []
    try {
      return await work({ hold: (other) => held.push(other) })
    } finally {
      if (held.length === 0) this.#next(name)
      else void Promise.allSettled(held).then(() => this.#next(name))
    }
  }

  #turn(name: string, queue: (() => void)[], wait: LockWait): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (error: PouchError) => {
        queue.splice(queue.indexOf(enter), 1)
        done()
        reject(error)
      }
      const onAbort = () => {
        if (wait.signal !== undefined) leave(abortError(wait.signal, { op: wait.op, subject: name }))
      }
      const onTimeout = () => leave(waitedTooLong(name, wait))
      const timer = setTimeout(onTimeout, wait.timeoutMs)
      const done = () => {
        clearTimeout(timer)
        wait.signal?.removeEventListener('abort', onAbort)
      }
      const enter = () => {
        done()
        resolve()
      }
      wait.signal?.addEventListener('abort', onAbort, { once: true })
      queue.push(enter)
    })
  }

  #next(name: string): void {
    const next = this.#queues.get(name)?.shift()
    if (next === undefined) this.#queues.delete(name)
    else next()
  }
}

function waitedTooLong(name: string, wait: LockWait): PouchError {
  const text = `${wait.op} ${name}: another operation has held the volume for more than ${wait.timeoutMs} ms; nothing was done, try again`
  return new PouchError('timeout', text, { op: wait.op, subject: name })
}

import { setTimeout as delay } from 'node:timers/promises'
import { isPouchError } from '@pouch/errors'
import type { Logger } from '../logger.js'
import type { ContainerdExit, ContainerdProcess } from './containerd-process.js'

/** What happens around a supervised containerd: told to the functions of its options. */
export interface SupervisorEvents {
  /** It ended without having been asked to; it will be started again. */
  readonly onExit?: ((exit: ContainerdExit) => void) | undefined
  /** It runs again. */
  readonly onRestart?: ((pid: number) => void) | undefined
}

/** What the supervision needs of the machine: bound to one home. */
export interface ContainerdHost {
  readonly address: string
  readonly runcRoot: string
  start(): Promise<ContainerdProcess>
  /** Removes what a stopped containerd leaves: its record and its sockets. */
  clear(): Promise<void>
  /** Lets go of the home: another supervisor may take it. */
  release(): Promise<void>
}

const firstBackoffMs = 100
const longestBackoffMs = 30_000
const healthyAfterMs = 60_000

/**
 * A containerd of one's own that is kept running. Containers do not need it to live: their shims are processes of their
 * own, and the next containerd finds them again.
 */
export class SupervisedContainerd {
  /** The path of its socket. It stays the same over restarts. */
  readonly address: string
  /**
   * A directory of this containerd's own for `encodeRuncOptions({ root })`. Without it runc keeps its state where every
   * containerd of the machine does, and a namespace and id that two of them use collide.
   */
  readonly runcRoot: string
  /** Whether it ran already when the supervision began. */
  readonly adopted: boolean
  /** Resolves when the supervision has ended, by `stop` or `release`. */
  readonly exited: Promise<'stopped' | 'released'>
  readonly #host: ContainerdHost
  readonly #events: SupervisorEvents
  readonly #log: Logger | undefined
  readonly #stopGraceMs: number
  readonly #ending = new AbortController()
  readonly #loop: Promise<void>
  #process: ContainerdProcess
  #ended: Promise<void> | undefined
  #exit: (how: 'stopped' | 'released') => void = () => undefined

  /** @internal Use `superviseContainerd`. */
  constructor(
    host: ContainerdHost,
    running: { readonly process: ContainerdProcess; readonly adopted: boolean },
    options: SupervisorEvents & { readonly log?: Logger | undefined; readonly stopGraceMs: number },
  ) {
    this.address = host.address
    this.runcRoot = host.runcRoot
    this.adopted = running.adopted
    this.#host = host
    this.#process = running.process
    this.#events = options
    this.#log = options.log
    this.#stopGraceMs = options.stopGraceMs
    this.exited = new Promise((resolve) => {
      this.#exit = resolve
    })
    this.#loop = this.#supervise()
  }

  /** The process that runs now, or ran last. */
  get pid(): number {
    return this.#process.identity.pid
  }

  /**
   * Ends containerd: SIGTERM, SIGKILL when that does not help. For when no container runs: those that do go on, but
   * nobody sees to them until a containerd of this home is started again. May be repeated.
   *
   * @throws PouchError `timeout` when it cannot be ended
   */
  stop(): Promise<void> {
    this.#ended ??= this.#end('stopped', async () => {
      await this.#process.stop(this.#stopGraceMs)
      await this.#host.clear()
    })
    return this.#ended
  }

  /** Ends the supervision and leaves containerd running, for the next supervisor to adopt. May be repeated. */
  release(): Promise<void> {
    this.#ended ??= this.#end('released', async () => undefined)
    return this.#ended
  }

  async #end(how: 'stopped' | 'released', leave: () => Promise<void>): Promise<void> {
    this.#ending.abort()
    try {
      await this.#loop
      await leave()
    } finally {
      await this.#host.release()
      this.#exit(how)
    }
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#ending
    const ending = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true })
    })
    let backoffMs = firstBackoffMs
    while (!signal.aborted) {
      const startedAt = Date.now()
      const exit = await Promise.race([this.#process.ended, ending])
      if (exit === undefined) return
      this.#log?.warn({ ...exit }, 'containerd ended by itself; starting it again')
      this.#tell(() => this.#events.onExit?.(exit))
      if (Date.now() - startedAt > healthyAfterMs) backoffMs = firstBackoffMs
      backoffMs = await this.#restart(backoffMs, signal)
    }
  }

  async #restart(fromMs: number, signal: AbortSignal): Promise<number> {
    for (let backoffMs = fromMs; ; backoffMs = Math.min(backoffMs * 2, longestBackoffMs)) {
      if (await isAbortedWithin(backoffMs, signal)) return backoffMs
      try {
        this.#process = await this.#host.start()
        this.#log?.info({ pid: this.pid }, 'containerd runs again')
        this.#tell(() => this.#events.onRestart?.(this.pid))
        return Math.min(backoffMs * 2, longestBackoffMs)
      } catch (error) {
        const reason = isPouchError(error) ? error.message : String(error)
        this.#log?.error({ err: error }, `containerd could not be started again; trying on: ${reason}`)
      }
    }
  }

  #tell(listener: () => void): void {
    try {
      listener()
    } catch (error) {
      this.#log?.error({ err: error }, 'a listener of the containerd supervisor failed')
    }
  }
}

async function isAbortedWithin(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal, ref: false })
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return signal.aborted
}

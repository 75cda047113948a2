import { hasCode, PouchError } from '@pouch/errors'
import type { ContainerExit } from './container.js'
import type { ContainerEntry } from './container-entry.js'
import type { ManagerContext } from './manager-context.js'
import { signalNumber } from './signals.js'

const sigkill = 9
const sigterm = 15
const defaultTimeoutSeconds = 10

/** How a container is to be stopped. */
export interface StopOptions {
  /** Unless given, the container's own stop signal. */
  readonly signal?: string | undefined
  /** How long to wait before SIGKILL; -1 for ever. Unless given, the container's own, else 10. */
  readonly timeoutSeconds?: number | undefined
  /** Ends the waiting; the signal that was sent stays sent. */
  readonly abort?: AbortSignal | undefined
}

/** Sends signals to containers and waits for their ends. */
export class Termination {
  readonly #context: ManagerContext

  constructor(context: ManagerContext) {
    this.#context = context
  }

  /** @returns `false` when the container did not run */
  async stop(entry: ContainerEntry, options: StopOptions): Promise<boolean> {
    const { config } = entry.record
    const signal = signalNumber(options.signal ?? config.stopSignal ?? sigterm)
    const timeoutSeconds = options.timeoutSeconds ?? config.stopTimeoutSeconds ?? defaultTimeoutSeconds
    let ended: Promise<ContainerExit> = entry.nextExit.promise
    const wasRunning = await entry.lock.run(async () => {
      if (!entry.isRunning) return false
      ended = entry.nextExit.promise
      await entry.update({ intent: 'stopping' }, { lazy: true })
      await this.#send(entry, timeoutSeconds === 0 ? sigkill : signal)
      return true
    }, options.abort)
    if (!wasRunning) return false
    const isOver = await settledWithin(ended, timeoutSeconds <= 0 ? undefined : timeoutSeconds * 1000, options.abort)
    if (!isOver) await this.killAndWait(entry, ended)
    this.#context.events.emit('container.stopped', entry.container())
    return true
  }

  /** @throws PouchError `invalid-argument` for an unknown signal, `conflict` when the container does not run */
  async kill(entry: ContainerEntry, signal: string | number): Promise<void> {
    const number = signalNumber(signal)
    await entry.lock.run(async () => {
      entry.requireRunning('container.kill')
      if (await this.#send(entry, number)) return
      throw new PouchError('conflict', `Container ${entry.id} is not running`, {
        op: 'container.kill',
        subject: entry.id,
      })
    })
  }

  /** Kills a container that has not ended by itself. @param ended its exit */
  async killAndWait(entry: ContainerEntry, ended: Promise<ContainerExit>): Promise<void> {
    await entry.lock.run(async () => {
      if (entry.isRunning) await this.#send(entry, sigkill)
    })
    await ended
  }

  async pause(entry: ContainerEntry): Promise<void> {
    const { containerd, events } = this.#context
    await entry.lock.run(async () => {
      entry.requireRunning('container.pause')
      if (entry.state.status === 'paused') throw conflict(entry, `Container ${entry.id} is already paused`)
      const release = await entry.run?.throttle.hold()
      try {
        await containerd.tasks.pause(entry.id)
      } catch (error) {
        release?.()
        throw error
      }
      // The throttle stays held: a container that is paused by its user is not thawed by a shrinking backlog.
      entry.releaseThrottle = release
      await entry.update({ state: { status: 'paused' } })
    })
    events.emit('container.paused', entry.container())
  }

  async unpause(entry: ContainerEntry): Promise<void> {
    await entry.lock.run(async () => {
      if (entry.state.status !== 'paused') throw conflict(entry, `Container ${entry.id} is not paused`)
      await this.#resume(entry)
    })
  }

  /** Under the lock. A frozen process takes no signal: it is thawed before, or right after when its user froze it. @returns `false` when it has ended */
  async #send(entry: ContainerEntry, signal: number): Promise<boolean> {
    const { containerd, events } = this.#context
    const release = await entry.run?.throttle.hold()
    try {
      await containerd.tasks.kill(entry.id, signal, {
        all: signal === sigkill && entry.record.config.pidMode === 'host',
      })
      if (entry.state.status === 'paused') await this.#resume(entry)
    } catch (error) {
      // It has ended by itself meanwhile; its exit comes.
      if (hasCode(error, 'not-found')) return false
      throw error
    } finally {
      release?.()
    }
    events.emit('container.killed', entry.container(), { signal })
    return true
  }

  async #resume(entry: ContainerEntry): Promise<void> {
    const { tasks } = this.#context.containerd
    try {
      await tasks.resume(entry.id)
    } catch (error) {
      // runc thaws what it kills, so that there may be nothing left to resume.
      const task = await tasks.get(entry.id)
      if (task?.status === 'paused' || task?.status === 'pausing') throw error
    }
    entry.releaseThrottle?.()
    entry.releaseThrottle = undefined
    await entry.update({ intent: entry.record.intent, state: { status: 'running' } })
    this.#context.events.emit('container.unpaused', entry.container())
  }
}

/** @returns whether it settled in time */
async function settledWithin(
  promise: Promise<unknown>,
  ms: number | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  let abort = (): void => {}
  const timeout = new Promise<boolean>((resolve) => {
    if (ms !== undefined) timer = setTimeout(() => resolve(false), ms)
  })
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(PouchError.from(signal?.reason, { op: 'container.stop' }))
    signal?.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([promise.then(() => true), timeout, aborted])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

function conflict(entry: ContainerEntry, message: string): PouchError {
  return new PouchError('conflict', message, { op: 'container.pause', subject: entry.id })
}

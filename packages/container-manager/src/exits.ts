import { setTimeout as delay } from 'node:timers/promises'
import type { Exit } from '@pouch/ctrd-client'
import { hasCode } from '@pouch/errors'
import type { ContainerEntry } from './container-entry.js'
import { type ManagerContext, timestamp } from './manager-context.js'
import { oomKills } from './oom-kills.js'
import { cgroupsPath } from './spec/oci-spec.js'
import type { RunStreams } from './streams/run-streams.js'
import { Pulse } from './sync/pulse.js'
import type { VolumeClaims } from './volume-claims.js'

/** The exit code of a container whose end nobody saw. */
export const unknownExitCode = 255

const firstBackoffMs = 50
const longestBackoffMs = 2000
const sigkill = 9

/** Waits for the ends of containers and does what is to be done then. */
export class Exits {
  /** Beats when containerd is back: waits and clean-ups that failed are tried again at once. */
  readonly reconnected = new Pulse()
  readonly #context: ManagerContext
  readonly #claims: VolumeClaims
  readonly #onEnd: (entry: ContainerEntry) => Promise<void>
  readonly #watching = new Set<Promise<void>>()

  /** @param onEnd called after an exit is done with, outside the lock */
  constructor(context: ManagerContext, claims: VolumeClaims, onEnd: (entry: ContainerEntry) => Promise<void>) {
    this.#context = context
    this.#claims = claims
    this.#onEnd = onEnd
  }

  /** Waits for the present run of a container to end, in the background. */
  watch(entry: ContainerEntry): void {
    this.#background(this.#watch(entry), entry, 'the end of a container could not be worked on')
  }

  /** Resolves when nothing is under way any more; the context's signal ends the waits. */
  async settled(): Promise<void> {
    await Promise.all(this.#watching)
  }

  /** Finishes what an earlier end or a failed start left, so that a new start finds nothing. Call it under the lock. */
  async settleLeftovers(entry: ContainerEntry): Promise<void> {
    if (entry.run === undefined && entry.record.intent !== 'starting') return
    await this.discardTask(entry)
  }

  /** Undoes a failed start that could not be undone while containerd was away, in the background. */
  repair(entry: ContainerEntry): void {
    const isLeft = (): boolean => entry.record.intent === 'starting' && !entry.isRunning
    if (!isLeft()) return
    const work = entry.lock.run(async () => {
      // A start that is under way holds the lock, and has dropped the intent when it lets go.
      if (!isLeft()) return
      await this.discardTask(entry)
      await entry.update({ intent: undefined })
    }, this.#context.closing)
    this.#background(work, entry, 'a start that failed could not be undone')
  }

  /** Ends and deletes the task of a start that failed, with its streams and mounts. Call it under the lock. */
  async discardTask(entry: ContainerEntry): Promise<void> {
    const { tasks } = this.#context.containerd
    const task = await tasks.get(entry.id)
    if (task !== undefined) {
      if (task.status !== 'stopped') {
        const ended = tasks.wait(entry.id)
        await whileThere(tasks.kill(entry.id, sigkill, { all: true }))
        await whileThere(ended)
      }
      await this.#context.heavy.run(() => whileThere(tasks.delete(entry.id)))
    }
    await this.endStreams(entry)
    await this.#claims.unmount(entry.record.volumes)
  }

  /**
   * Does what follows an exit: stores it, deletes the task, brings the log to its end, unmounts. Call it under the lock. It may be repeated.
   *
   * @throws PouchError `unavailable` when containerd is away; the exit is stored then
   */
  async finish(entry: ContainerEntry, exit: Exit | undefined): Promise<void> {
    const { containerd, heavy, clock, events } = this.#context
    if (entry.isRunning) await this.#storeExit(entry, exit)
    await this.#lookForOomKills(entry)
    const deleted = await heavy.run(() => whileThere(containerd.tasks.delete(entry.id)))
    await this.endStreams(entry)
    await this.#claims.unmount(entry.record.volumes)
    const exitCode = entry.state.exitCode
    const isLate = exit === undefined && deleted !== undefined
    const finishedAt = entry.state.finishedAt ?? timestamp(clock)
    const state = { oomKilled: entry.isOomKilled, finishedAt, ...(isLate ? { exitCode: deleted.exitStatus } : {}) }
    await entry.update({ intent: undefined, state }, { lazy: true })
    for (const session of entry.execs.values()) session.containerEnded()
    events.emit('container.died', entry.container(), { exitCode: entry.state.exitCode })
    entry.settleExit({ exitCode: isLate ? deleted.exitStatus : exitCode })
  }

  /** While the task is there: with it goes what the kernel has counted. */
  async #lookForOomKills(entry: ContainerEntry): Promise<void> {
    const { host, log, events } = this.#context
    const path = cgroupsPath(entry.record.config.cgroupParent, entry.id)
    const kills = await oomKills(path, host).catch((error: unknown) => {
      log.warn({ err: error, container: entry.id }, 'whether a container ran out of memory cannot be told')
      return 0
    })
    if (kills === 0 || entry.isOomKilled) return
    entry.isOomKilled = true
    events.emit('container.oom', entry.container())
  }

  #background(work: Promise<void>, entry: ContainerEntry, failure: string): void {
    const { log, closing } = this.#context
    const watching = work.catch((error: unknown) => {
      if (!closing.aborted) log.error({ err: error, container: entry.id }, failure)
    })
    this.#watching.add(watching)
    void watching.then(() => this.#watching.delete(watching))
  }

  async #watch(entry: ContainerEntry): Promise<void> {
    const { closing } = this.#context
    const run = entry.run
    const exit = await this.#untilExit(entry)
    let backoffMs = firstBackoffMs
    while (!closing.aborted) {
      try {
        const isDone = await entry.lock.run(() => this.#finishRun(entry, run, exit), closing)
        if (isDone) await this.#onEnd(entry)
        return
      } catch (error) {
        if (closing.aborted) return
        this.#context.log.warn(
          { err: error, container: entry.id },
          'the end of a container is not done with yet; trying again',
        )
        backoffMs = await this.#pause(backoffMs)
      }
    }
  }

  /** @returns `false` when somebody else has dealt with this run */
  async #finishRun(entry: ContainerEntry, run: RunStreams | undefined, exit: Exit | undefined): Promise<boolean> {
    if (this.#context.closing.aborted || entry.run !== run) return false
    await this.finish(entry, exit)
    return true
  }

  /** @returns `undefined` when there is no task any more */
  async #untilExit(entry: ContainerEntry): Promise<Exit | undefined> {
    const { containerd, closing, log } = this.#context
    let backoffMs = firstBackoffMs
    while (!closing.aborted) {
      try {
        return await containerd.tasks.wait(entry.id, undefined, { signal: closing })
      } catch (error) {
        if (closing.aborted) return undefined
        if (hasCode(error, 'not-found')) return undefined
        log.debug({ err: error, container: entry.id }, 'the wait for a container broke; waiting again')
        backoffMs = await this.#pause(backoffMs)
      }
    }
    return undefined
  }

  async #storeExit(entry: ContainerEntry, exit: Exit | undefined): Promise<void> {
    const { clock } = this.#context
    const state = {
      status: 'exited' as const,
      pid: 0,
      exitCode: exit?.exitStatus ?? unknownExitCode,
      finishedAt: exit?.exitedAt || timestamp(clock),
    }
    // Nobody can ask for the exit code of a container that goes now, so that the write need not be waited for.
    await entry.update({ intent: undefined, state }, { lazy: entry.record.config.autoRemove })
  }

  /** Brings the log to its end and lets go of the streams. The process is gone. Call it under the lock. */
  async endStreams(entry: ContainerEntry): Promise<void> {
    await entry.run?.finish()
    entry.run = undefined
  }

  async #pause(backoffMs: number): Promise<number> {
    const { closing } = this.#context
    const seen = this.reconnected.count
    const stop = new AbortController()
    const signal = AbortSignal.any([closing, stop.signal])
    await Promise.race([
      // It ends early when the signal fires, and cannot fail otherwise.
      delay(backoffMs, undefined, { signal }).catch(() => undefined),
      this.reconnected.after(seen, signal),
    ])
    stop.abort()
    return Math.min(backoffMs * 2, longestBackoffMs)
  }
}

/** @returns `undefined` when what it is about is gone */
async function whileThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (hasCode(error, 'not-found')) return undefined
    throw error
  }
}

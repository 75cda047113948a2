import { mkdir, rm, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { isPouchError, PouchError } from '@pouch/errors'
import type { ContainerdClient } from '../containerd-client.js'
import type { Logger } from '../logger.js'
import { containerdConfig } from './containerd-config.js'
import type { ContainerdPaths } from './containerd-paths.js'
import { ContainerdProcess } from './containerd-process.js'
import type { HomeLock } from './home-lock.js'
import type { LogFile } from './log-file.js'
import { findProcess, isAlive } from './process-identity.js'
import { readProcessRecord, removeProcessRecord, writeProcessRecord } from './process-record.js'
import { findProgram } from './program.js'
import type { ContainerdHost } from './supervised-containerd.js'

/** What a {@link ContainerdHome} is made of. */
export interface ContainerdHomeParts {
  readonly paths: ContainerdPaths
  readonly binary: string
  readonly extraConfig: string
  readonly logLevel: string
  readonly startTimeoutMs: number
  readonly stopGraceMs: number
  readonly client: ContainerdClient
  readonly lock: HomeLock
  readonly logFile: LogFile
  readonly log?: Logger | undefined
}

const askAgainMs = 20
const tailBytes = 2048

/** The directory of one containerd: starts it there, finds the one that runs, and clears up. */
export class ContainerdHome implements ContainerdHost {
  readonly #parts: ContainerdHomeParts
  readonly #over = new AbortController()

  constructor(parts: ContainerdHomeParts) {
    this.#parts = parts
  }

  get address(): string {
    return this.#parts.paths.address
  }

  get runcRoot(): string {
    return this.#parts.paths.runcRoot
  }

  /** Bounds the log from now on, until `release`. */
  async open(): Promise<void> {
    await this.#parts.logFile.follow()
  }

  /**
   * The containerd of this home that runs already; undefined when none does. It is found by its record, or, when its
   * supervisor died before it wrote one, by its arguments. One that does not answer is ended: its containers go on.
   */
  async adopt(): Promise<ContainerdProcess | undefined> {
    const { paths, client, log, stopGraceMs } = this.#parts
    const recorded = await readProcessRecord(paths.record)
    const isRecordedAlive = recorded !== undefined && (await isAlive(recorded))
    const identity = isRecordedAlive ? recorded : await findProcess(this.#arguments())
    if (identity === undefined) return undefined
    const adopted = ContainerdProcess.adopt(identity, client, this.#over.signal)
    const failure = await this.#answer(adopted)
    if (failure === undefined) {
      await writeProcessRecord(paths.record, identity)
      return adopted
    }
    log?.warn({ pid: identity.pid, err: failure }, 'the containerd that runs does not answer; it is replaced')
    await adopted.stop(stopGraceMs)
    return undefined
  }

  /** Starts containerd and resolves when it answers. @throws PouchError `not-found`, `unavailable`, `timeout` */
  async start(): Promise<ContainerdProcess> {
    const { paths, binary, stopGraceMs } = this.#parts
    const program = await findProgram(binary, 'containerd')
    await findProgram('containerd-shim-runc-v2', 'containerd')
    await findProgram('runc', 'runc')
    const started = await this.#spawn(program)
    try {
      await writeProcessRecord(paths.record, started.identity)
      const failure = await this.#answer(started)
      if (failure !== undefined) throw await this.#notStarted(failure)
      return started
    } catch (error) {
      await started.stop(stopGraceMs)
      await this.clear()
      throw error
    }
  }

  async clear(): Promise<void> {
    const { paths } = this.#parts
    await removeProcessRecord(paths.record)
    await rm(paths.address, { force: true })
    await rm(`${paths.address}.ttrpc`, { force: true })
    if (paths.socketFolder !== undefined) await rm(paths.socketFolder, { recursive: true, force: true })
  }

  async release(): Promise<void> {
    this.#over.abort()
    this.#parts.client.close()
    await this.#parts.logFile.unfollow()
    await this.#parts.lock.release()
  }

  async #spawn(program: string): Promise<ContainerdProcess> {
    const { paths, extraConfig, logLevel, logFile } = this.#parts
    if (paths.socketFolder !== undefined) await mkdir(paths.socketFolder, { recursive: true, mode: 0o700 })
    await writeFile(paths.config, `${containerdConfig(paths, logLevel)}${extraConfig}`, { mode: 0o600 })
    const file = await logFile.open()
    try {
      return await ContainerdProcess.spawn(program, this.#arguments(), file.fd)
    } finally {
      await file.close()
    }
  }

  #arguments(): readonly string[] {
    return ['--config', this.#parts.paths.config]
  }

  /** Asks until it answers, and resolves with nothing, or with why it did not before it ended or the time was over. */
  async #answer(running: ContainerdProcess): Promise<unknown> {
    const { client, startTimeoutMs } = this.#parts
    let hasEnded = false
    void running.ended.then(() => {
      hasEnded = true
    })
    for (const until = Date.now() + startTimeoutMs; ; ) {
      try {
        await client.version({ timeoutMs: Math.max(1, until - Date.now()) })
        return undefined
      } catch (error) {
        if (hasEnded || Date.now() >= until) return error
      }
      await delay(askAgainMs)
    }
  }

  async #notStarted(failure: unknown): Promise<PouchError> {
    const { logFile, paths } = this.#parts
    const log = await logFile.tail(tailBytes)
    const lastLine = log.trimEnd().split('\n').at(-1) ?? ''
    const message = `containerd did not come up on ${paths.address}: ${lastLine} (its log is ${logFile.path})`
    const code = isPouchError(failure) && failure.code === 'timeout' ? 'timeout' : 'unavailable'
    return new PouchError(code, message, {
      op: 'containerd.supervise',
      subject: paths.folder,
      details: { log },
      cause: failure,
    })
  }
}

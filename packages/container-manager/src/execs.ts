import { randomBytes } from 'node:crypto'
import { type Exit, encodeJsonAny, typeUrls } from '@pouch/ctrd-client'
import { hasCode, PouchError } from '@pouch/errors'
import { refused } from './config/refused.js'
import { checkExecShape } from './config/shape.js'
import type { AttachedStreams, Exec, ExecConfig, ExecStartOptions, TerminalSize } from './container.js'
import type { ContainerEntry } from './container-entry.js'
import type { ContainerdObjects } from './containerd-objects.js'
import { execProcess } from './exec-process.js'
import { ExecSession } from './exec-session.js'
import type { ManagerContext } from './manager-context.js'
import { exitCodeOf, runtimeText } from './start-failure.js'
import { parseDetachKeys } from './streams/detach-keys.js'

/** How long output may be quiet after the process has ended before it counts as all: a child may hold it open. */
const idleMs = 2000

/** Processes in running containers. They are known in memory only, and their streams end with this process. */
export class Execs {
  readonly #context: ManagerContext
  readonly #objects: ContainerdObjects
  readonly #sessions = new Map<string, { readonly session: ExecSession; readonly entry: ContainerEntry }>()

  /** @internal Made by the container manager. */
  constructor(context: ManagerContext, objects: ContainerdObjects) {
    this.#context = context
    this.#objects = objects
  }

  /**
   * Prepares a process. Nothing runs yet.
   *
   * @returns its id, 64 hexadecimal digits
   * @throws PouchError `conflict` unless the container runs and is not paused, `invalid-argument`, `not-found`
   */
  async create(idOrName: string, config: ExecConfig): Promise<string> {
    const entry = this.#context.registry.find(idOrName)
    requireExecutable(entry)
    checkExecShape(config)
    if (config.command.length === 0) throw refused('No exec command specified', 'command')
    if (config.detachKeys) parseDetachKeys(config.detachKeys)
    const id = randomBytes(32).toString('hex')
    const session = new ExecSession(id, entry.id, Object.freeze({ ...config }), entry.directory)
    this.#makeRoom(entry)
    entry.execs.set(id, session)
    this.#sessions.set(id, { session, entry })
    this.#context.events.emit('exec.created', entry.container(), session.exec())
    return id
  }

  /**
   * Runs a prepared process.
   *
   * @returns its streams, or `undefined` with `detach`
   * @throws PouchError `conflict` when it was started before; `invalid-argument` with `details.exitCode` 126 or 127 when the program
   *   cannot be run, which {@link Execs.get} shows too
   */
  async start(execId: string, options: ExecStartOptions = {}): Promise<AttachedStreams | undefined> {
    const { session, entry } = this.#find(execId)
    requireExecutable(entry)
    if (session.status !== 'created') {
      throw new PouchError('conflict', `Error: Exec command ${execId} has already run`, {
        op: 'exec.start',
        subject: execId,
      })
    }
    session.status = 'starting'
    const tty = options.tty ?? session.config.tty ?? false
    try {
      await entry.lock.run(() => this.#run(entry, session, { ...options, tty }), options.signal)
    } catch (error) {
      throw await this.#failed(entry, session, error)
    }
    return options.detach === true ? undefined : this.#attach(entry, session, tty)
  }

  /** Sets the size of its terminal. @throws PouchError `conflict` unless it runs */
  async resize(execId: string, size: TerminalSize): Promise<void> {
    const { session, entry } = this.#find(execId)
    if (session.status !== 'running') {
      throw new PouchError('conflict', 'exec process is not started', { op: 'exec.resize', subject: execId })
    }
    await this.#context.containerd.tasks.resizePty(entry.id, { execId: session.id, ...size })
  }

  /** @throws PouchError `not-found` */
  get(execId: string): Exec {
    return this.#find(execId).session.exec()
  }

  /** @internal Forgets the execs of a container that is gone. */
  forget(entry: ContainerEntry): void {
    for (const id of entry.execs.keys()) this.#sessions.delete(id)
    entry.execs.clear()
  }

  async #run(
    entry: ContainerEntry,
    session: ExecSession,
    options: ExecStartOptions & { readonly tty: boolean },
  ): Promise<void> {
    requireExecutable(entry)
    const { containerd, host, events } = this.#context
    const { tasks } = containerd
    const spec = await this.#objects.specOf(entry.id)
    if (spec === undefined)
      throw new PouchError('not-found', `containerd has no container ${entry.id}`, {
        op: 'exec.start',
        subject: entry.id,
      })
    const config = {
      ...session.config,
      tty: options.tty,
      consoleSize: options.consoleSize ?? session.config.consoleSize,
    }
    const process = execProcess(config, spec, entry.state.pid, entry.record.config.groupAdd, host)
    const stdio =
      options.detach === true
        ? {}
        : await session.open(options.tty, () => this.#closeInput(entry.id, session.id), this.#context.log)
    const release = await entry.run?.throttle.hold()
    try {
      await tasks.exec({
        containerId: entry.id,
        execId: session.id,
        terminal: options.tty,
        ...stdio,
        spec: encodeJsonAny(typeUrls.process, process),
      })
      const exit = tasks.wait(entry.id, session.id)
      // Looked at once the process was started; when that fails, its failure is the one that is told.
      exit.catch(() => undefined)
      session.pid = (await tasks.start(entry.id, session.id)).pid
      session.status = 'running'
      session.connected()
      events.emit('exec.started', entry.container(), session.exec())
      void this.#follow(entry, session, exit)
    } finally {
      release?.()
    }
  }

  async #follow(entry: ContainerEntry, session: ExecSession, waiting: Promise<Exit>): Promise<void> {
    const { containerd, log, events } = this.#context
    try {
      const exit = await waiting.catch((error: unknown) => this.#exitAfter(error, entry, session))
      await session.drained(idleMs)
      session.exitCode = exit?.exitStatus ?? 255
      session.status = 'ended'
      await session.close()
      events.emit('exec.died', entry.container(), session.exec())
      await containerd.tasks.deleteExec(entry.id, session.id).catch((error: unknown) => {
        if (!hasCode(error, 'not-found'))
          log.debug(
            { err: error, exec: session.id },
            'an exec that has ended could not be deleted; it goes with its container',
          )
      })
    } catch (error) {
      log.error({ err: error, exec: session.id, container: entry.id }, 'the end of an exec could not be worked on')
    }
  }

  /** The wait broke: containerd went away, or the container ended and took the exec along. */
  async #exitAfter(error: unknown, entry: ContainerEntry, session: ExecSession): Promise<Exit | undefined> {
    if (hasCode(error, 'not-found') || !entry.isRunning || this.#context.closing.aborted) return undefined
    this.#context.log.debug({ err: error, exec: session.id }, 'the wait for an exec broke; waiting again')
    await new Promise((resolve) => setTimeout(resolve, 200))
    return this.#context.containerd.tasks
      .wait(entry.id, session.id, { signal: this.#context.closing })
      .catch((again: unknown) => this.#exitAfter(again, entry, session))
  }

  async #failed(entry: ContainerEntry, session: ExecSession, error: unknown): Promise<PouchError> {
    const text = runtimeText(error)
    const isRuntime = hasCode(error, 'internal') || hasCode(error, 'invalid-argument')
    const code = exitCodeOf(error)
    session.exitCode = isRuntime && code === 127 ? 127 : 126
    session.error = text
    session.status = 'ended'
    await session.close()
    await this.#context.containerd.tasks.deleteExec(entry.id, session.id).catch((failure: unknown) => {
      this.#context.log.debug({ err: failure, exec: session.id }, 'an exec that did not start left nothing to delete')
    })
    this.#context.events.emit('exec.died', entry.container(), session.exec())
    const options = { op: 'exec.start', subject: session.id, details: { exitCode: session.exitCode }, cause: error }
    return isRuntime ? new PouchError('invalid-argument', text, options) : PouchError.from(error, options)
  }

  #attach(entry: ContainerEntry, session: ExecSession, tty: boolean): AttachedStreams {
    return session.streams(tty, () => this.#context.events.emit('container.detached', entry.container()))
  }

  async #closeInput(id: string, execId: string): Promise<void> {
    try {
      await this.#context.containerd.tasks.closeIO(id, { execId })
    } catch (error) {
      // The process has ended and takes no input any more.
      if (!hasCode(error, 'not-found') && !hasCode(error, 'conflict') && !hasCode(error, 'internal')) throw error
    }
  }

  #find(execId: string): { session: ExecSession; entry: ContainerEntry } {
    const found = this.#sessions.get(execId)
    if (found !== undefined) return found
    throw new PouchError('not-found', `No such exec instance: ${execId}`, { op: 'exec.find', subject: execId })
  }

  /** Forgets the oldest ones that do not run. */
  #makeRoom(entry: ContainerEntry): void {
    for (const [id, { status }] of entry.execs) {
      if (entry.execs.size < this.#context.limits.execs) return
      if (status === 'running' || status === 'starting') continue
      entry.execs.delete(id)
      this.#sessions.delete(id)
    }
  }
}

function requireExecutable(entry: ContainerEntry): void {
  entry.requireRunning('exec')
  if (entry.state.status !== 'paused') return
  throw new PouchError('conflict', `Container ${entry.name} is paused, unpause the container before exec`, {
    op: 'exec',
    subject: entry.id,
  })
}

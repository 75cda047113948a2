import {
  type ContainerCreateBody,
  type ContainerCreateResponse,
  type ContainerInspect,
  type ContainerPruneResponse,
  type ContainerSummary,
  type ContainerWaitResponse,
  encodeFilters,
  type Filters,
} from '@pouch/api'
import { AttachedStreams } from './attached-streams.js'
import { streamError } from './failures.js'
import { isFramedType, type OutputChunk, readOutput } from './output.js'
import type { Call, Request, Transport } from './transport.js'

/** What a list of containers shows: the running ones, unless `all` or `limit` is given. */
export interface ListContainersOptions {
  readonly all?: boolean
  readonly limit?: number
  readonly size?: boolean
  readonly filters?: Filters
}

/** Which part of a log is read. Moments are seconds since 1970, with up to nine decimals. */
export interface LogOptions {
  readonly stdout?: boolean
  readonly stderr?: boolean
  readonly follow?: boolean
  readonly since?: string
  readonly until?: string
  readonly timestamps?: boolean
  readonly details?: boolean
  /** How many of the last lines; all unless given. */
  readonly tail?: number
  /** Whether the container has a terminal; looked up unless given. */
  readonly tty?: boolean
}

/** Which streams are attached. */
export interface AttachOptions {
  readonly stdin?: boolean
  readonly stdout?: boolean
  readonly stderr?: boolean
  /** Replay what was written before. */
  readonly logs?: boolean
  readonly detachKeys?: string
  /** Whether the container has a terminal; looked up unless given. */
  readonly tty?: boolean
}

/** What a wait waits for. */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed'

/** The containers of a daemon. Every method throws PouchError; `id` is an id, the start of one, or a name. */
export class Containers {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Lists containers, the newest first. */
  list(options: ListContainersOptions = {}, call?: Call): Promise<readonly ContainerSummary[]> {
    const query = {
      all: options.all,
      limit: options.limit,
      size: options.size,
      filters: encodeFilters(options.filters),
    }
    return this.#transport.json({ op: 'container.list', method: 'GET', path: '/containers/json', query, call })
  }

  /** Makes a container. The image has to be there: nothing is pulled. */
  create(
    body: ContainerCreateBody,
    options: { readonly name?: string; readonly platform?: string } = {},
    call?: Call,
  ): Promise<ContainerCreateResponse> {
    const query = { name: options.name, platform: options.platform }
    return this.#transport.json({
      op: 'container.create',
      method: 'POST',
      path: '/containers/create',
      query,
      body,
      call,
    })
  }

  /** Shows everything about a container. */
  inspect(id: string, options: { readonly size?: boolean } = {}, call?: Call): Promise<ContainerInspect> {
    const path = '/containers/{id}/json'
    return this.#transport.json({
      op: 'container.inspect',
      method: 'GET',
      path,
      params: { id },
      query: { size: options.size },
      call,
    })
  }

  /** Starts a container. @returns false when it ran already */
  async start(id: string, call?: Call): Promise<boolean> {
    return (await this.#transport.done(this.#post('start', id, {}, call))) !== 304
  }

  /**
   * Stops a container: its stop signal, then SIGKILL when it has not ended in time.
   *
   * @param options.timeoutSeconds the container's own, or 10, unless given; -1 waits for ever
   * @returns false when it did not run
   */
  async stop(
    id: string,
    options: { readonly signal?: string; readonly timeoutSeconds?: number } = {},
    call?: Call,
  ): Promise<boolean> {
    const query = { signal: options.signal, t: options.timeoutSeconds }
    return (await this.#transport.done({ ...this.#post('stop', id, query, call), unbounded: true })) !== 304
  }

  /** Stops a container, when it runs, and starts it. */
  async restart(
    id: string,
    options: { readonly signal?: string; readonly timeoutSeconds?: number } = {},
    call?: Call,
  ): Promise<void> {
    const query = { signal: options.signal, t: options.timeoutSeconds }
    await this.#transport.done({ ...this.#post('restart', id, query, call), unbounded: true })
  }

  /** Sends a signal, SIGKILL unless given. */
  async kill(id: string, signal?: string, call?: Call): Promise<void> {
    await this.#transport.done(this.#post('kill', id, { signal }, call))
  }

  /** Freezes the processes. */
  async pause(id: string, call?: Call): Promise<void> {
    await this.#transport.done(this.#post('pause', id, {}, call))
  }

  /** Lets frozen processes go on. */
  async unpause(id: string, call?: Call): Promise<void> {
    await this.#transport.done(this.#post('unpause', id, {}, call))
  }

  /** Gives a container another name. */
  async rename(id: string, name: string, call?: Call): Promise<void> {
    await this.#transport.done(this.#post('rename', id, { name }, call))
  }

  /** Changes the size of a container's terminal. */
  async resize(id: string, size: { readonly width: number; readonly height: number }, call?: Call): Promise<void> {
    await this.#transport.done(this.#post('resize', id, { h: size.height, w: size.width }, call))
  }

  /** Removes a container; with `force` a running one too, with `volumes` its anonymous volumes too. */
  async remove(
    id: string,
    options: { readonly force?: boolean; readonly volumes?: boolean } = {},
    call?: Call,
  ): Promise<void> {
    const query = { force: options.force, v: options.volumes }
    await this.#transport.done({
      op: 'container.remove',
      method: 'DELETE',
      path: '/containers/{id}',
      params: { id },
      query,
      call,
    })
  }

  /** Removes the containers that do not run. */
  async prune(
    filters?: Filters,
    call?: Call,
  ): Promise<{ readonly removed: readonly string[]; readonly reclaimedBytes: number }> {
    const query = { filters: encodeFilters(filters) }
    const request: Request = { op: 'container.prune', method: 'POST', path: '/containers/prune', query, call }
    const reply = await this.#transport.json<ContainerPruneResponse>(request)
    return { removed: reply.ContainersDeleted ?? [], reclaimedBytes: reply.SpaceReclaimed }
  }

  /** Waits until a container has stopped, and tells its exit code. */
  async wait(id: string, condition: WaitCondition = 'not-running', call?: Call): Promise<ContainerWaitResponse> {
    return (await this.beginWait(id, condition, call)).exit
  }

  /**
   * Begins to wait: resolves once the daemon watches, so that a start that follows cannot be missed. `exit` resolves when
   * the condition holds; it may be left alone.
   */
  async beginWait(
    id: string,
    condition: WaitCondition,
    call?: Call,
  ): Promise<{ readonly exit: Promise<ContainerWaitResponse> }> {
    const { response, context } = await this.#transport.send({
      ...this.#post('wait', id, { condition }, call),
      unbounded: true,
    })
    const exit = response.json().then(
      (body) => body as ContainerWaitResponse,
      (error: unknown) => {
        throw streamError(error, context)
      },
    )
    // Who asked may look at it late, or never.
    exit.catch(() => undefined)
    return { exit }
  }

  /** Reads what a container has written; with `follow` also what it will write, until it stops. */
  async *logs(id: string, options: LogOptions = {}, call?: Call): AsyncGenerator<OutputChunk> {
    const { tty, tail, stdout = true, stderr = true, ...rest } = options
    const query = { ...rest, stdout, stderr, tail: tail === undefined ? 'all' : tail }
    const request: Request = {
      op: 'container.logs',
      method: 'GET',
      path: '/containers/{id}/logs',
      params: { id },
      query,
      call,
    }
    const { type, chunks } = await this.#transport.bytes(request)
    yield* readOutput(chunks, tty ?? (await this.#hasTerminal(id, type, call)), 'container.logs')
  }

  /** Connects to the streams of a container; one that does not run yet is waited for. */
  async attach(id: string, options: AttachOptions = {}, call?: Call): Promise<AttachedStreams> {
    const { stdin = false, stdout = true, stderr = true, logs = false, detachKeys } = options
    const query = { stream: true, stdin, stdout, stderr, logs, detachKeys }
    const upgraded = await this.#transport.upgrade({ ...this.#post('attach', id, query, call), unbounded: true })
    try {
      return new AttachedStreams(upgraded, options.tty ?? (await this.#hasTerminal(id, upgraded.type, call)))
    } catch (error) {
      upgraded.socket.destroy()
      throw error
    }
  }

  #post(verb: string, id: string, query: Request['query'] & object, call: Call | undefined): Request {
    return { op: `container.${verb}`, method: 'POST', path: `/containers/{id}/${verb}`, params: { id }, query, call }
  }

  async #hasTerminal(id: string, type: string, call: Call | undefined): Promise<boolean> {
    if (isFramedType(type)) return false
    if (await this.#transport.speaks('1.42', call)) return true
    return (await this.inspect(id, {}, call)).Config.Tty === true
  }
}

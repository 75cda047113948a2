import type { ExecCreateBody, ExecInspect, IdResponse } from '@pouch/api'
import { AttachedStreams } from './attached-streams.js'
import type { Call, Request, Transport } from './transport.js'

/** How a command inside a container is started. The size is of its terminal. */
export interface ExecStartOptions {
  readonly tty?: boolean
  readonly size?: { readonly width: number; readonly height: number }
}

/** Commands inside running containers. Every method throws PouchError. */
export class Execs {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Prepares a command. @returns its id */
  async create(containerId: string, body: ExecCreateBody, call?: Call): Promise<string> {
    const path = '/containers/{id}/exec'
    const request: Request = { op: 'exec.create', method: 'POST', path, params: { id: containerId }, body, call }
    return (await this.#transport.json<IdResponse>(request)).Id
  }

  /** Starts a prepared command and connects to its streams. */
  async start(id: string, options: ExecStartOptions = {}, call?: Call): Promise<AttachedStreams> {
    const { tty = false, size } = options
    const body = { Detach: false, Tty: tty, ...(size === undefined ? {} : { ConsoleSize: [size.height, size.width] }) }
    const upgraded = await this.#transport.upgrade({ ...this.#start(id, body, call), unbounded: true })
    return new AttachedStreams(upgraded, tty)
  }

  /** Starts a prepared command and leaves it alone. */
  async startDetached(id: string, options: { readonly tty?: boolean } = {}, call?: Call): Promise<void> {
    await this.#transport.done(this.#start(id, { Detach: true, Tty: options.tty === true }, call))
  }

  /** Changes the size of a command's terminal. */
  async resize(id: string, size: { readonly width: number; readonly height: number }, call?: Call): Promise<void> {
    const query = { h: size.height, w: size.width }
    await this.#transport.done({
      op: 'exec.resize',
      method: 'POST',
      path: '/exec/{id}/resize',
      params: { id },
      query,
      call,
    })
  }

  /** Shows what became of a command; `ExitCode` is null while it runs. */
  inspect(id: string, call?: Call): Promise<ExecInspect> {
    return this.#transport.json({ op: 'exec.inspect', method: 'GET', path: '/exec/{id}/json', params: { id }, call })
  }

  #start(id: string, body: object, call: Call | undefined): Request {
    return { op: 'exec.start', method: 'POST', path: '/exec/{id}/start', params: { id }, body, call }
  }
}

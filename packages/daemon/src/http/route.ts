import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Query } from './query.js'

/**
 * What a route does. `undefined` is a reply without a body, {@link sent} one that was written already, {@link JsonText} JSON as text; the
 * rest is made JSON.
 */
export type Handler = (call: RouteCall) => unknown

/** Handlers by the `operationId` of their route. */
export type Handlers = Readonly<Record<string, Handler>>

/** A request on its way through a handler. */
export interface RouteCall {
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  /** The body as its schema describes it; `undefined` when the route has none. */
  readonly body: unknown
  /** The API version that the client asked for, or the newest. */
  readonly version: string
  readonly request: IncomingMessage
  /** To be used only by a handler that returns {@link sent}. */
  readonly response: ServerResponse
  /** Fires when the client has gone, or the daemon goes down and the reply has no end of its own. */
  readonly signal: AbortSignal
}

/** What a handler returns that has written the reply itself. */
export const sent = Symbol('sent')

/** A reply with a status other than the route's own, and no body: 304. */
export class EmptyReply {
  readonly status: number

  constructor(status: number) {
    this.status = status
  }
}

/** A reply whose JSON is made already, or is made while it is sent, piece by piece. */
export class JsonText {
  readonly pieces: Iterable<string>

  constructor(pieces: Iterable<string>) {
    this.pieces = pieces
  }
}

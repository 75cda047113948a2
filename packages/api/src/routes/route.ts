import type { TObject, TSchema } from '@sinclair/typebox'

/** One route of the API: all that a server needs to check requests, and all that OpenAPI wants to know. */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Without a version; parameters in braces: `/containers/{id}/json`. */
  readonly path: string
  readonly operationId: string
  readonly summary: string
  readonly tag: RouteTag
  /** Every parameter of the query, all strings on the wire; the schema says what each is read as. */
  readonly query?: TObject
  /** The JSON body; `required` in it is what a request must have. */
  readonly body?: TSchema
  /** The media type of a body that is a stream. */
  readonly upload?: 'application/x-tar'
  /** Replies by status. `undefined` is an empty body. */
  readonly replies: Readonly<Record<number, RouteReply>>
  /**
   * `progress` and `events` are objects one after the other, `raw` takes the connection over, `logs` is framed, `archive` is a tar, `database` an
   * SQLite file.
   */
  readonly stream?: 'progress' | 'events' | 'logs' | 'raw' | 'archive' | 'database'
}

/** The group that a route belongs to. `Pouch` is what Docker's API lacks. */
export type RouteTag = 'System' | 'Containers' | 'Exec' | 'Images' | 'Volumes' | 'Pouch'

/** One reply of a route. */
export interface RouteReply {
  readonly description: string
  readonly schema?: TSchema
}

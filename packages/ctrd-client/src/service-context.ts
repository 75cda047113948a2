import { Metadata, type MethodDefinition } from '@grpc/grpc-js'
import { PouchError } from '@pouch/errors'
import type { Call } from './call.js'
import type { Connection, DefaultDeadline } from './connection.js'
import type { CallName } from './grpc-error.js'

/** A connection in one namespace: what every service works with. */
export class ServiceContext {
  readonly connection: Connection
  readonly namespace: string
  /** Made once: gRPC copies it for each call. */
  readonly metadata: Metadata

  constructor(connection: Connection, namespace: string) {
    this.connection = connection
    this.namespace = assertNamespace(namespace)
    this.metadata = new Metadata()
    this.metadata.set('containerd-namespace', namespace)
  }

  unary<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    name: CallName,
    call?: Call,
    deadline?: DefaultDeadline,
  ): Promise<Response> {
    return this.connection.unary(method, request, this.metadata, name, call, deadline)
  }

  serverStream<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    name: CallName,
    call?: Call,
  ): AsyncGenerator<Response, void, undefined> {
    return this.connection.serverStream(method, request, this.metadata, name, call)
  }
}

function assertNamespace(namespace: string): string {
  if (namespace.length <= 76 && /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/.test(namespace)) return namespace
  const rule = 'letters and digits, parted by single dots, dashes or underscores, at most 76 characters'
  throw new PouchError('invalid-argument', `'${namespace}' is not a containerd namespace: ${rule}`, {
    op: 'containerd.connect',
    subject: namespace,
  })
}

import { PouchError } from '@pouch/errors'
import type { Call } from './call.js'
import { assertTimeout, Connection } from './connection.js'
import { VersionService } from './gen/version.js'
import type { Logger } from './logger.js'
import { ServiceContext } from './service-context.js'
import { ContainersService } from './services/containers-service.js'
import { ContentService } from './services/content-service.js'
import { DiffService } from './services/diff-service.js'
import { EventsService } from './services/events-service.js'
import { ImagesService } from './services/images-service.js'
import { IntrospectionService } from './services/introspection-service.js'
import { type Lease, LeasesService } from './services/leases-service.js'
import { NamespacesService } from './services/namespaces-service.js'
import { SnapshotsService } from './services/snapshots-service.js'
import { TasksService } from './services/tasks-service.js'

/** Options of {@link connectContainerd}. */
export interface ConnectOptions {
  /** The path of containerd's socket, also as `unix:///…`. */
  readonly address: string
  /** `default` by default. */
  readonly namespace?: string | undefined
  /** The deadline of each call that neither waits nor streams: 60 s by default; 0 for none. */
  readonly timeoutMs?: number | undefined
  /** Told of reconnections. Silent by default. */
  readonly log?: Logger | undefined
}

/** What `withLease` takes. */
export interface WithLeaseOptions {
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** From then on the collector may take the lease, should this process die: a day by default. */
  readonly expiresInMs?: number | undefined
}

const defaultTimeoutMs = 60_000
const defaultLeaseMs = 24 * 3600_000

/**
 * A client of one containerd, in one namespace. It makes no connection before the first call, and makes a new one by
 * itself when containerd comes back. Calls while containerd is away fail at once with `unavailable`.
 */
export class ContainerdClient {
  readonly address: string
  readonly namespace: string
  readonly containers: ContainersService
  readonly images: ImagesService
  readonly content: ContentService
  readonly diffs: DiffService
  readonly tasks: TasksService
  readonly leases: LeasesService
  readonly namespaces: NamespacesService
  readonly events: EventsService
  readonly introspection: IntrospectionService
  readonly #connection: Connection
  readonly #context: ServiceContext
  readonly #log: Logger | undefined
  readonly #snapshots = new Map<string, SnapshotsService>()

  /** @internal Use {@link connectContainerd}. */
  constructor(connection: Connection, namespace: string, log: Logger | undefined) {
    const context = new ServiceContext(connection, namespace)
    this.#connection = connection
    this.#context = context
    this.#log = log
    this.address = connection.address
    this.namespace = namespace
    this.containers = new ContainersService(context)
    this.images = new ImagesService(context)
    this.content = new ContentService(context)
    this.diffs = new DiffService(context)
    this.tasks = new TasksService(context)
    this.leases = new LeasesService(context)
    this.namespaces = new NamespacesService(context)
    this.events = new EventsService(context, log)
    this.introspection = new IntrospectionService(context)
  }

  /** The same containerd in another namespace, over the same connection. */
  inNamespace(namespace: string): ContainerdClient {
    return new ContainerdClient(this.#connection, namespace, this.#log)
  }

  /** The snapshots of one snapshotter, `overlayfs` by default. */
  snapshots(snapshotter = 'overlayfs'): SnapshotsService {
    const known = this.#snapshots.get(snapshotter)
    if (known !== undefined) return known
    const service = new SnapshotsService(this.#context, snapshotter)
    this.#snapshots.set(snapshotter, service)
    return service
  }

  /** containerd's version, such as `1.6.20`, and the revision that it was built from. */
  async version(call?: Call): Promise<{ version: string; revision: string }> {
    const name = { op: 'version', doing: 'tell its version' }
    const answer = await this.#context.unary(VersionService.version, {}, name, call)
    return { version: answer.version ?? '', revision: answer.revision ?? '' }
  }

  /**
   * Creates a lease, runs `use` with it, and deletes it, also when `use` throws. Pass `{ lease: lease.id }` to the calls
   * whose outcome it must hold.
   *
   * @throws what `use` throws; PouchError when the lease cannot be made or deleted
   */
  async withLease<T>(options: WithLeaseOptions, use: (lease: Lease) => Promise<T>, call?: Call): Promise<T> {
    const expiresAt = new Date(Date.now() + (options.expiresInMs ?? defaultLeaseMs))
    const lease = await this.leases.create({ labels: options.labels, expiresAt }, call)
    let result: T
    try {
      result = await use(lease)
    } catch (error) {
      // The caller hears of its own failure. A lease that outlives it expires.
      await this.leases.delete(lease.id).catch((failure: unknown) => {
        this.#log?.warn({ err: failure, lease: lease.id, expiresAt }, 'a lease could not be deleted; it will expire')
      })
      throw error
    }
    await this.leases.delete(lease.id)
    return result
  }

  /** Ends the connection, of every client made by `inNamespace` too. Calls under way fail. */
  close(): void {
    this.#connection.close()
  }
}

/**
 * A client for the containerd that listens on a socket. No I/O happens before the first call.
 *
 * @throws PouchError `invalid-argument` for an address, a namespace or a timeout that cannot be
 */
export function connectContainerd(options: ConnectOptions): ContainerdClient {
  const address = assertAddress(options.address)
  const timeoutMs = assertTimeout(options.timeoutMs ?? defaultTimeoutMs)
  return new ContainerdClient(new Connection(address, timeoutMs), options.namespace ?? 'default', options.log)
}

function assertAddress(address: string): string {
  const path = address.startsWith('unix://') ? address.slice('unix://'.length) : address
  const op = 'containerd.connect'
  if (!path.startsWith('/') || path.includes('\0')) {
    throw new PouchError('invalid-argument', `'${address}' is not the absolute path of a socket`, {
      op,
      subject: address,
    })
  }
  if (Buffer.byteLength(path) <= 107) return path
  const message = `the socket path ${path} has ${Buffer.byteLength(path)} bytes; the kernel takes 107`
  throw new PouchError('invalid-argument', message, { op, subject: address })
}

import { randomBytes } from 'node:crypto'
import { PouchError } from '@pouch/errors'
import type { Call } from '../call.js'
import { type Lease as WireLease, LeasesService as wire } from '../gen/leases.js'
import { present } from '../present.js'
import type { ServiceContext } from '../service-context.js'
import { toRfc3339 } from '../timestamp.js'

/** Holds objects back from the collector until it is deleted or expires. */
export interface Lease {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  /** RFC 3339. */
  readonly createdAt?: string | undefined
}

/** What `leases.create` takes. */
export interface LeaseOptions {
  /** A random one by default. */
  readonly id?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** From then on the collector may take it. Never, by default. */
  readonly expiresAt?: Date | undefined
}

/** One thing that a lease holds: `{ id: 'sha256:…', type: 'content' }`, `{ id: key, type: 'snapshots/overlayfs' }`. */
export interface LeaseResource {
  readonly id: string
  readonly type: string
}

const expireLabel = 'containerd.io/gc.expire'

/** Leases: without one, the collector takes what nothing refers to yet. */
export class LeasesService {
  readonly #context: ServiceContext

  /** @internal */
  constructor(context: ServiceContext) {
    this.#context = context
  }

  /** @throws PouchError `already-exists`; `invalid-argument` for a date that is none */
  async create(options: LeaseOptions = {}, call?: Call): Promise<Lease> {
    const id = options.id ?? `lease-${randomBytes(12).toString('hex')}`
    const name = { op: 'leases.create', doing: 'create the lease', subject: id }
    const labels = { ...options.labels, ...expiry(options.expiresAt, id) }
    const answer = await this.#context.unary(wire.create, { id, labels }, name, call)
    return fromWire(present(answer.lease, 'lease'))
  }

  /**
   * @param options `sync` waits until the collector has taken what only this lease held
   * @throws PouchError `not-found`
   */
  async delete(id: string, options: { readonly sync?: boolean | undefined } = {}, call?: Call): Promise<void> {
    const name = { op: 'leases.delete', doing: 'delete the lease', subject: id }
    const sync = options.sync ?? false
    await this.#context.unary(wire.delete, { id, sync }, name, call, sync ? 'none' : 'client')
  }

  /** The leases that match any of the filters (containerd's filter language), or all. */
  async list(filters: readonly string[] = [], call?: Call): Promise<Lease[]> {
    const name = { op: 'leases.list', doing: 'list the leases' }
    const answer = await this.#context.unary(wire.list, { filters: [...filters] }, name, call)
    return (answer.leases ?? []).map(fromWire)
  }

  /** Adds something that exists to a lease. Repeating it changes nothing. @throws PouchError `not-found` for the lease */
  async addResource(id: string, resource: LeaseResource, call?: Call): Promise<void> {
    const name = { op: 'leases.addResource', doing: 'add to the lease', subject: id }
    await this.#context.unary(wire.addResource, { id, resource: { ...resource } }, name, call)
  }

  /** Takes something out of a lease. @throws PouchError `not-found` for the lease */
  async deleteResource(id: string, resource: LeaseResource, call?: Call): Promise<void> {
    const name = { op: 'leases.deleteResource', doing: 'take from the lease', subject: id }
    await this.#context.unary(wire.deleteResource, { id, resource: { ...resource } }, name, call)
  }

  /** What a lease holds. @throws PouchError `not-found` for the lease */
  async resources(id: string, call?: Call): Promise<LeaseResource[]> {
    const name = { op: 'leases.resources', doing: 'list what is held by the lease', subject: id }
    const answer = await this.#context.unary(wire.listResources, { id }, name, call)
    return (answer.resources ?? []).map((resource) => ({ id: resource.id ?? '', type: resource.type ?? '' }))
  }
}

function expiry(expiresAt: Date | undefined, id: string): Record<string, string> {
  if (expiresAt === undefined) return {}
  if (Number.isNaN(expiresAt.getTime())) {
    throw new PouchError('invalid-argument', 'expiresAt is not a date', { op: 'containerd.leases.create', subject: id })
  }
  return { [expireLabel]: expiresAt.toISOString() }
}

function fromWire(lease: WireLease): Lease {
  return { id: lease.id ?? '', labels: lease.labels ?? {}, createdAt: toRfc3339(lease.createdAt) }
}

import { undefinedIfAbsent } from '../absent.js'
import { type Any, fromWireAny, toWireAny } from '../any.js'
import type { Call } from '../call.js'
import { type Container as WireContainer, ContainersService as wire } from '../gen/containers.js'
import type { Any as WireAny } from '../gen/google/protobuf/any.js'
import { present } from '../present.js'
import type { ServiceContext } from '../service-context.js'
import { toRfc3339 } from '../timestamp.js'

/** What containerd keeps of a container: data only, no process. */
export interface Container {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
  /** The name of its image; a hint for people. */
  readonly image: string
  readonly runtime: { readonly name: string; readonly options?: Any | undefined }
  /** The OCI runtime spec: see `encodeJsonAny` and `typeUrls.spec`. */
  readonly spec: Any
  readonly snapshotter: string
  readonly snapshotKey: string
  /** RFC 3339. */
  readonly createdAt?: string | undefined
  /** RFC 3339. */
  readonly updatedAt?: string | undefined
  readonly extensions?: Readonly<Record<string, Any>> | undefined
}

/** The records of containers. */
export class ContainersService {
  readonly #context: ServiceContext

  /** @internal */
  constructor(context: ServiceContext) {
    this.#context = context
  }

  /** One container; undefined when there is none of this id. */
  async get(id: string, call?: Call): Promise<Container | undefined> {
    const name = { op: 'containers.get', doing: 'look up the container', subject: id }
    const answer = await undefinedIfAbsent(this.#context.unary(wire.get, { id }, name, call))
    return answer && fromWire(present(answer.container, 'container'))
  }

  /** The containers that match any of the filters (containerd's filter language), or all. */
  async list(filters: readonly string[] = [], call?: Call): Promise<Container[]> {
    const name = { op: 'containers.list', doing: 'list the containers' }
    const containers: Container[] = []
    for await (const message of this.#context.serverStream(wire.listStream, { filters: [...filters] }, name, call)) {
      containers.push(fromWire(present(message.container, 'container')))
    }
    return containers
  }

  /** @throws PouchError `already-exists` */
  async create(container: Container, call?: Call): Promise<Container> {
    const name = { op: 'containers.create', doing: 'create the container', subject: container.id }
    const answer = await this.#context.unary(wire.create, { container: toWire(container) }, name, call)
    return fromWire(present(answer.container, 'container'))
  }

  /**
   * Replaces the fields that `fieldPaths` names (`labels`, `labels.x`, `spec`, `image`, `extensions`, `snapshot_key`).
   *
   * @throws PouchError `not-found`; `invalid-argument` for a field that never changes
   */
  async update(container: Container, fieldPaths: readonly string[], call?: Call): Promise<Container> {
    const name = { op: 'containers.update', doing: 'update the container', subject: container.id }
    const request = { container: toWire(container), updateMask: [...fieldPaths] }
    const answer = await this.#context.unary(wire.update, request, name, call)
    return fromWire(present(answer.container, 'container'))
  }

  /** @throws PouchError `not-found` */
  async delete(id: string, call?: Call): Promise<void> {
    await this.#context.unary(
      wire.delete,
      { id },
      { op: 'containers.delete', doing: 'delete the container', subject: id },
      call,
    )
  }
}

function fromWire(container: WireContainer): Container {
  const extensions = container.extensions ?? {}
  const options = container.runtime?.options
  return {
    id: container.id ?? '',
    labels: container.labels ?? {},
    image: container.image ?? '',
    runtime: { name: container.runtime?.name ?? '', ...(options && { options: fromWireAny(options) }) },
    spec: fromWireAny(container.spec),
    snapshotter: container.snapshotter ?? '',
    snapshotKey: container.snapshotKey ?? '',
    createdAt: toRfc3339(container.createdAt),
    updatedAt: toRfc3339(container.updatedAt),
    ...(Object.keys(extensions).length === 0 ? {} : { extensions: mapValues(extensions, fromWireAny) }),
  }
}

function toWire(container: Container): WireContainer {
  const options = container.runtime.options
  const extensions: Record<string, WireAny> = mapValues(container.extensions ?? {}, toWireAny)
  return {
    id: container.id,
    labels: { ...container.labels },
    image: container.image,
    runtime: { name: container.runtime.name, ...(options && { options: toWireAny(options) }) },
    spec: toWireAny(container.spec),
    snapshotter: container.snapshotter,
    snapshotKey: container.snapshotKey,
    extensions,
  }
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

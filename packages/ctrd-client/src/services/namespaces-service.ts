import type { Call } from '../call.js'
import { NamespacesService as wire } from '../gen/namespaces.js'
import { present } from '../present.js'
import type { ServiceContext } from '../service-context.js'

/** A namespace keeps the objects of one user of containerd apart from those of the others. */
export interface Namespace {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** containerd's namespaces. containerd also creates one when the first object is made in it. */
export class NamespacesService {
  readonly #context: ServiceContext

  /** @internal */
  constructor(context: ServiceContext) {
    this.#context = context
  }

  /** Every namespace. */
  async list(call?: Call): Promise<Namespace[]> {
    const name = { op: 'namespaces.list', doing: 'list the namespaces' }
    const answer = await this.#context.unary(wire.list, { filter: '' }, name, call)
    return (answer.namespaces ?? []).map(toNamespace)
  }

  /** One namespace; undefined when there is none of this name. */
  async get(name: string, call?: Call): Promise<Namespace | undefined> {
    // containerd's own look-up answers with an empty namespace for one that does not exist.
    const namespaces = await this.list(call)
    return namespaces.find((namespace) => namespace.name === name)
  }

  /** @throws PouchError `already-exists` */
  async create(name: string, labels: Readonly<Record<string, string>> = {}, call?: Call): Promise<Namespace> {
    const what = { op: 'namespaces.create', doing: 'create the namespace', subject: name }
    const request = { namespace: { name, labels: { ...labels } } }
    const answer = await this.#context.unary(wire.create, request, what, call)
    return toNamespace(present(answer.namespace, 'namespace'))
  }

  /** Replaces the labels. `fieldPaths` (`labels.x`) narrows it to some of them. */
  async update(
    name: string,
    labels: Readonly<Record<string, string>>,
    fieldPaths: readonly string[] = [],
    call?: Call,
  ): Promise<Namespace> {
    const what = { op: 'namespaces.update', doing: 'update the namespace', subject: name }
    const request = { namespace: { name, labels: { ...labels } }, updateMask: [...fieldPaths] }
    const answer = await this.#context.unary(wire.update, request, what, call)
    return toNamespace(present(answer.namespace, 'namespace'))
  }

  /** @throws PouchError `not-found`; `conflict` while it holds anything */
  async delete(name: string, call?: Call): Promise<void> {
    const what = { op: 'namespaces.delete', doing: 'delete the namespace', subject: name }
    await this.#context.unary(wire.delete, { name }, what, call)
  }
}

function toNamespace(wireNamespace: { name?: string | undefined; labels?: Record<string, string> | undefined }) {
  return { name: wireNamespace.name ?? '', labels: wireNamespace.labels ?? {} }
}

import { PouchError } from '@pouch/errors'
import type { ContainerEntry } from './container-entry.js'

/** The containers that there are, by id and by name. */
export class ContainerRegistry {
  readonly #byId = new Map<string, ContainerEntry>()
  readonly #byName = new Map<string, ContainerEntry>()
  /** Names of containers that are being made or renamed, with their ids. */
  readonly #reserved = new Map<string, string>()

  /** Makes a container known. */
  add(entry: ContainerEntry): void {
    this.#byId.set(entry.id, entry)
    this.#byName.set(entry.name, entry)
  }

  /** Keeps a name for a container while `use` runs. @throws PouchError `already-exists` when the name is taken */
  async reserving<T>(name: string, id: string, use: () => Promise<T>): Promise<T> {
    this.requireFreeName(name)
    this.#reserved.set(name, id)
    try {
      return await use()
    } finally {
      this.#reserved.delete(name)
    }
  }

  /** Whether a name can be had. */
  isFree(name: string): boolean {
    return !this.#byName.has(name) && !this.#reserved.has(name)
  }

  delete(entry: ContainerEntry): void {
    this.#byId.delete(entry.id)
    if (this.#byName.get(entry.name) === entry) this.#byName.delete(entry.name)
  }

  renamed(entry: ContainerEntry, oldName: string): void {
    if (this.#byName.get(oldName) === entry) this.#byName.delete(oldName)
    this.#byName.set(entry.name, entry)
  }

  /** Newest first. */
  all(): ContainerEntry[] {
    return [...this.#byId.values()].sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1))
  }

  /** @throws PouchError `already-exists` naming the container that has the name */
  requireFreeName(name: string): void {
    const holder = this.#byName.get(name)?.id ?? this.#reserved.get(name)
    if (holder !== undefined) throw nameTaken(name, holder)
  }

  /**
   * Finds a container by full id, exact name (a leading slash may be there) or unique prefix of an id, in this order.
   *
   * @throws PouchError `not-found`; `invalid-argument` when several ids have the prefix
   */
  find(idOrName: string): ContainerEntry {
    const found = this.#byId.get(idOrName) ?? this.#byName.get(idOrName.replace(/^\//, ''))
    if (found !== undefined) return found
    const matches = /^[0-9a-f]+$/.test(idOrName)
      ? [...this.#byId.values()].filter(({ id }) => id.startsWith(idOrName))
      : []
    if (matches.length === 1 && matches[0] !== undefined) return matches[0]
    const options = { op: 'container.find', subject: idOrName }
    if (matches.length === 0) throw new PouchError('not-found', `No such container: ${idOrName}`, options)
    throw new PouchError('invalid-argument', `multiple IDs found with provided prefix: ${idOrName}`, options)
  }
}

/** The error of a name that another container has, as Docker words it. */
export function nameTaken(name: string, holder: string): PouchError {
  return new PouchError(
    'already-exists',
    `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`,
    { op: 'container.name', subject: name, details: { holder } },
  )
}

import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { clearProjectLimit, firstProjectId, freeProjectId, lastProjectId, projectOf } from '@pouch/quota'
import type { DriverHost, DriverStateArea, JsonValue } from '@pouch/volume-core/driver'
import { dataFolder, isDirectory } from './volume-directory.js'

const keyPrefix = 'project/'

/**
 * Which project ids are whose. An id is noted durably before anything is given it, and forgotten after its limit is gone; so what a
 * crash leaves is an id too many, never one that two volumes have. Files that are being deleted keep their id, and the kernel's own
 * counters keep it from being given out meanwhile.
 */
export class ProjectIds {
  readonly #root: string
  readonly #state: DriverStateArea
  readonly #names: Map<number, readonly string[]>
  readonly #idsOf = new Map<string, Set<number>>()
  readonly #taken: Set<number>
  #floor: number
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(root: string, state: DriverStateArea, names: Map<number, readonly string[]>, floor: number) {
    this.#root = root
    this.#state = state
    this.#names = new Map()
    for (const [id, given] of names) this.#remember(id, given)
    this.#taken = new Set(names.keys())
    this.#floor = floor
  }

  /** How many ids are noted. */
  get count(): number {
    return this.#names.size
  }

  /** Reads the notes, and takes back the ids that a crash left to nobody, if quotas are on. */
  static async open(root: string, { engineId, state }: DriverHost, isOn: boolean): Promise<ProjectIds> {
    const names = new Map<number, readonly string[]>()
    for await (const { key, value } of state.list()) {
      const id = key.startsWith(keyPrefix) ? Number(key.slice(keyPrefix.length)) : Number.NaN
      if (Number.isInteger(id)) names.set(id, namesIn(value))
    }
    const ids = new ProjectIds(root, state, names, startOf(engineId))
    if (names.size > 0 && isOn) await ids.#takeBackOrphans()
    return ids
  }

  /** An id for a volume that is to be made. */
  async reserve(name: string): Promise<number> {
    const id = await this.#inTurn(async () => {
      const free = await freeProjectId(this.#root, { taken: this.#taken, floor: this.#floor })
      this.#taken.add(free)
      this.#floor = free < lastProjectId ? free + 1 : firstProjectId
      return free
    })
    try {
      await this.#note(id, [name])
    } catch (error) {
      this.#taken.delete(id)
      throw error
    }
    return id
  }

  /** The id of a directory, if it was given to this volume. */
  async idOf(name: string, data: string): Promise<number | undefined> {
    const { id } = await projectOf(data)
    return this.#names.get(id)?.includes(name) === true ? id : undefined
  }

  /** Takes away the limit of an id and gives it back. */
  async release(id: number): Promise<void> {
    await clearProjectLimit(this.#root, id)
    await this.#state.delete(keyPrefix + id)
    this.#forget(id)
    this.#taken.delete(id)
  }

  /** Gives back all ids of a volume but one. */
  async releaseOthers(name: string, kept?: number): Promise<void> {
    for (const id of [...(this.#idsOf.get(name) ?? [])]) if (id !== kept) await this.release(id)
  }

  /** Notes that ids belong to a volume under its new name too, or under that alone. */
  async rename(name: string, newName: string, isDone: boolean): Promise<void> {
    const ids = new Set([...(this.#idsOf.get(name) ?? []), ...(this.#idsOf.get(newName) ?? [])])
    for (const id of ids) await this.#note(id, isDone ? [newName] : [name, newName])
  }

  async #note(id: number, names: readonly string[]): Promise<void> {
    await this.#state.set(keyPrefix + id, { names: [...names] })
    this.#remember(id, names)
  }

  #remember(id: number, names: readonly string[]): void {
    this.#forget(id)
    this.#names.set(id, names)
    for (const name of names) this.#idsOf.set(name, (this.#idsOf.get(name) ?? new Set()).add(id))
  }

  #forget(id: number): void {
    for (const name of this.#names.get(id) ?? []) {
      const ids = this.#idsOf.get(name)
      ids?.delete(id)
      if (ids?.size === 0) this.#idsOf.delete(name)
    }
    this.#names.delete(id)
  }

  /** One after another: two that look for a free id at a time would find the same. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work)
    // Its failure is told to whoever asked; the next in turn has its own.
    this.#turn = turn.catch(() => undefined)
    return await turn
  }

  async #takeBackOrphans(): Promise<void> {
    const there = new Set(await readdir(this.#root))
    for (const [id, names] of [...this.#names]) {
      const found = names.filter((name) => there.has(name))
      const isPlain = found.length === 1 && found.every((name) => this.#idsOf.get(name)?.size === 1)
      if (!isPlain && !(await this.#isInUse(id, found))) await this.release(id)
    }
  }

  /** A volume that has several ids was about to be given another one. */
  async #isInUse(id: number, names: readonly string[]): Promise<boolean> {
    for (const name of names) {
      const data = join(this.#root, name, dataFolder)
      if ((await isDirectory(data)) && (await projectOf(data)).id === id) return true
    }
    return false
  }
}

function namesIn(value: JsonValue): readonly string[] {
  const names = typeof value === 'object' && value !== null && 'names' in value ? value.names : undefined
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string') : []
}

/** Engines that share a filesystem begin far apart, so that they seldom look at one another's ids. */
function startOf(engineId: string): number {
  const hash = createHash('sha256').update(engineId).digest().readUInt32BE(0)
  return firstProjectId + (hash % 2 ** 30)
}

import { PouchError } from '@pouch/errors'
import type { KeyvTable } from './keyv-table.js'

const headKey = 'intent'
const partPrefix = 'intent-part:'
const partChars = 512 * 1024

/** What one key of a batch was, and is to be; `null` is no entry. */
export interface IntendedChange {
  readonly key: string
  readonly before: string | null
  readonly after: string | null
}

/**
 * The write-ahead record of a batch: written before the first key changes and taken away after the last one has. It is kept
 * in parts, since adapters bound the size of a value; it counts once its head is there.
 */
export class KeyvIntent {
  readonly #table: KeyvTable

  constructor(table: KeyvTable) {
    this.#table = table
  }

  /** Whether a key of the table is part of an intent. */
  static owns(key: string): boolean {
    return key === headKey || key.startsWith(partPrefix)
  }

  /** Writes down what is going to change. */
  async begin(changes: readonly IntendedChange[]): Promise<void> {
    const parts = split(changes)
    await this.#table.apply(parts.map((part, index) => [partPrefix + index, JSON.stringify(part)]))
    await this.setDirection('redo', parts.length)
  }

  /** Says whether the next open is to finish the batch or to undo it. */
  async setDirection(direction: 'redo' | 'undo', parts: number): Promise<void> {
    await this.#table.apply([[headKey, JSON.stringify({ direction, parts })]])
  }

  /** Takes the intent away: the batch is done, or undone. */
  async end(parts: number): Promise<void> {
    await this.#table.apply([[headKey, undefined]])
    await this.#table.apply(Array.from({ length: parts }, (_, index) => [partPrefix + index, undefined]))
  }

  /** Finishes or undoes what a crash cut short, given all keys of the table. */
  async recover(keys: readonly string[]): Promise<void> {
    const leftOver = keys.filter((key) => key.startsWith(partPrefix))
    if (keys.includes(headKey)) {
      const head = await this.#readJson(headKey)
      const { direction, parts } = head as { direction: unknown; parts: unknown }
      if ((direction !== 'redo' && direction !== 'undo') || typeof parts !== 'number') throw damaged(headKey)
      for (let index = 0; index < parts; index += 1) {
        const changes = (await this.#readJson(partPrefix + index)) as IntendedChange[]
        await this.#table.apply(targetsOf(changes, direction))
      }
      await this.#table.apply([[headKey, undefined]])
    }
    await this.#table.apply(leftOver.map((key) => [key, undefined]))
  }

  async #readJson(key: string): Promise<object> {
    const stored = await this.#table.get(key)
    try {
      const content: unknown = JSON.parse(String(stored))
      if (typeof content === 'object' && content !== null) return content
    } catch (cause) {
      throw damaged(key, cause)
    }
    throw damaged(key)
  }
}

/** Into how many parts an intent is cut. */
export function partsOf(changes: readonly IntendedChange[]): number {
  return split(changes).length
}

/** The keys and texts that finish a batch, or undo it. */
export function targetsOf(
  changes: readonly IntendedChange[],
  direction: 'redo' | 'undo',
): (readonly [string, string | undefined])[] {
  return changes.map(({ key, before, after }) => [key, (direction === 'redo' ? after : before) ?? undefined])
}

function split(changes: readonly IntendedChange[]): IntendedChange[][] {
  const parts: IntendedChange[][] = []
  let room = 0
  for (const change of changes) {
    const size = (change.before?.length ?? 0) + (change.after?.length ?? 0)
    const last = parts.at(-1)
    if (last !== undefined && size <= room) last.push(change)
    else parts.push([change])
    room = (last !== undefined && size <= room ? room : partChars) - size
  }
  return parts
}

function damaged(key: string, cause?: unknown): PouchError {
  const message =
    `keyvStore: a batch was cut short and its record ${key} is damaged, so that it can be neither finished nor undone; ` +
    'restore the data from a backup, or delete the record to go on with what is there'
  return new PouchError('corrupt', message, { op: 'store.open', subject: key, cause })
}

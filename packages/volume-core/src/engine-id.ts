import { randomBytes } from 'node:crypto'
import { hasCode, PouchError } from '@pouch/errors'
import type { MetadataStore } from '@pouch/store'

const key = 'engine/id'
const pattern = /^[0-9a-f]{32}$/

/**
 * The id of the engine whose store this is: 32 hex digits, made once.
 *
 * @throws PouchError `corrupt` when the store has something else in its place
 */
export async function engineIdOf(store: MetadataStore): Promise<string> {
  const found = await store.get(key)
  if (found !== undefined) return checked(found.value)
  const id = randomBytes(16).toString('hex')
  try {
    await store.create(key, id)
    return id
  } catch (error) {
    if (!hasCode(error, 'already-exists')) throw error
    return checked((await store.get(key))?.value)
  }
}

function checked(value: unknown): string {
  if (typeof value === 'string' && pattern.test(value)) return value
  throw new PouchError('corrupt', `the store's '${key}' is no engine id: restore the store from a backup`, {
    op: 'engine.id',
    subject: key,
  })
}

import { createHash } from 'node:crypto'
import type { JsonValue } from './metadata-store.js'

/** Where a store puts what it cannot read: ordinary entries, which can be listed, read and deleted. */
export const quarantinePrefix = 'quarantine/'

/** What was set aside, as a store reports it and keeps it under {@link quarantinePrefix}. */
export interface QuarantinedEntry {
  /** The key that the entry had. */
  readonly key: string
  /** What is wrong with it. */
  readonly reason: string
  /** The content as it was found: the value, or the text that is no JSON, or the base64 of bytes that are no text. */
  readonly content: JsonValue
  /** When it was set aside, as an ISO date. */
  readonly at: string
}

/** The key under which an entry is set aside: the same for the same entry, so that setting aside can be repeated. */
export function quarantineKey({ key, content }: Pick<QuarantinedEntry, 'key' | 'content'>): string {
  return `${quarantinePrefix}${createHash('sha256')
    .update(JSON.stringify([key, content]))
    .digest('hex')}`
}

/** The value under which an entry is set aside. */
export function quarantineValue({ key, reason, content, at }: QuarantinedEntry): JsonValue {
  return { key, reason, content, at }
}

/** Describes what a backend holds under a key and could not read. */
export function quarantineStored(key: string, stored: unknown): QuarantinedEntry {
  const content = stored instanceof Uint8Array ? Buffer.from(stored).toString('base64') : String(stored)
  return { key, reason: 'what is stored is not an entry of this store', content, at: new Date().toISOString() }
}

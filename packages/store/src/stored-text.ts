import type { Entry, JsonValue } from './metadata-store.js'

/**
 * The text that a backend stores under a key: JSON with the revision first, and the value where Keyv keeps it, so that a
 * plain Keyv over the same data reads the values.
 */
export function encodeStored(revision: string, valueText: string): string {
  return `{"revision":${JSON.stringify(revision)},"value":${valueText}}`
}

/**
 * The entry of what a backend stores under a key, with a value of its own.
 *
 * @returns `undefined` when it is nothing that {@link encodeStored} made: it is damaged, or not ours
 */
export function decodeStored(key: string, stored: unknown): Entry | undefined {
  if (typeof stored !== 'string') return undefined
  let content: unknown
  try {
    content = JSON.parse(stored)
  } catch {
    return undefined
  }
  if (typeof content !== 'object' || content === null || !Object.hasOwn(content, 'value')) return undefined
  const { revision, value } = content as { revision: unknown; value: JsonValue }
  return typeof revision === 'string' && revision !== '' ? { key, value, revision } : undefined
}

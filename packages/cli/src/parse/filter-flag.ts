import type { Filters } from '@pouch/api'
import { splitPair } from './key-value.js'
import { usageError } from './usage-error.js'

/** Reads `--filter`s: `key=value`, several values of one key are collected. */
export function parseFilterFlags(texts: readonly string[]): Filters {
  const filters: Record<string, string[]> = {}
  for (const text of texts) {
    const [key, value] = splitPair(text)
    if (value === undefined) throw usageError('--filter', text, 'write key=value, like name=data')
    const name = key.trim().toLowerCase()
    filters[name] = [...(filters[name] ?? []), value.trim()]
  }
  return filters
}

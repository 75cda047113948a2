import { hasCode, PouchError } from '@pouch/errors'
import { parseDuration } from '@pouch/units'

/**
 * The moment of a prune's `until` filter: a duration back from now (`10m`), a date, or seconds since 1970.
 *
 * @returns milliseconds since 1970; `undefined` without the filter
 * @throws PouchError `invalid-argument` in Docker's words
 */
export function parsePruneTime(values: readonly string[] | undefined, nowMs: number): number | undefined {
  const [text] = values ?? []
  if (text === undefined) return undefined
  if ((values?.length ?? 0) > 1) throw invalid('more than one until filter specified', 'until')
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return Number(text) * 1000
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) return dateMs(text)
  try {
    return nowMs - parseDuration(text)
  } catch (error) {
    if (hasCode(error, 'invalid-argument')) throw unreadable(text)
    throw error
  }
}

// A date without a zone is in the daemon's own.
function dateMs(text: string): number {
  const full = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00` : text
  const ms = Date.parse(full)
  if (Number.isNaN(ms)) throw unreadable(text)
  return ms
}

const unreadable = (text: string): PouchError => invalid(`failed to parse value as time or duration: "${text}"`, text)

function invalid(message: string, subject: string): PouchError {
  return new PouchError('invalid-argument', message, { op: 'api.filters', subject })
}

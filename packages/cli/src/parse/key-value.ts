import { usageError } from './usage-error.js'

/** Splits at the first `=`; without one the value is `undefined`. */
export function splitPair(text: string): readonly [key: string, value: string | undefined] {
  const at = text.indexOf('=')
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** Labels: `key=value`, or `key` for an empty value. The last of one key counts. */
export function parseLabels(texts: readonly string[], flag = '--label'): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [key, value = ''] = splitPair(text)
      if (key === '') throw usageError(flag, text, 'write key=value')
      return [key, value]
    }),
  )
}

/** Options: `key=value`, both of which have to be there; the value may hold further `=`. The last of one key counts. */
export function parseOptions(texts: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [key, value] = splitPair(text)
      if (key === '' || value === undefined) throw usageError(flag, text, 'the format must be key=value')
      return [key, value]
    }),
  )
}

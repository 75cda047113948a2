import { usageError } from './usage-error.js'

/**
 * Splits one line of comma-separated fields. A field may stand in double quotes, where commas are plain and a quote is
 * written twice.
 */
export function splitCsv(text: string, flag: string): string[] {
  const fields: string[] = []
  let rest = text
  while (true) {
    const [field, after] = rest.startsWith('"') ? quoted(rest, text, flag) : plain(rest, text, flag)
    fields.push(field)
    if (after === undefined) return fields
    rest = after
  }
}

function plain(rest: string, text: string, flag: string): [string, string | undefined] {
  const comma = rest.indexOf(',')
  const field = comma < 0 ? rest : rest.slice(0, comma)
  if (field.includes('"'))
    throw usageError(flag, text, 'a quote has to begin its field, and a quote in a quoted field is written twice')
  return [field, comma < 0 ? undefined : rest.slice(comma + 1)]
}

function quoted(rest: string, text: string, flag: string): [string, string | undefined] {
  const match = /^"((?:[^"]|"")*)"(?:,|$)/.exec(rest)
  if (match?.[1] === undefined) throw usageError(flag, text, 'a quote is not closed')
  const after = match[0].endsWith(',') ? rest.slice(match[0].length) : undefined
  return [match[1].replaceAll('""', '"'), after]
}

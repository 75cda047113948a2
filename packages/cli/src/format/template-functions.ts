/** A function of templates. Arguments come in the order of the template, a piped value last. */
export type TemplateFunction = (...values: readonly unknown[]) => unknown

/** Whether a value counts as false: absent, false, zero, or empty. */
export function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === undefined || value === null || value === false || value === 0 || value === ''
}

/** A value as Go prints it: `[a b]`, `map[k:v]`, `<no value>`. */
export function printValue(value: unknown): string {
  if (value === undefined || value === null) return '<no value>'
  if (Array.isArray(value)) return `[${value.map(printValue).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${fields.map(([key, field]) => `${key}:${printValue(field)}`).join(' ')}]`
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [String(a), String(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}

function indexOf(value: unknown, ...keys: readonly unknown[]): unknown {
  let current = value
  for (const key of keys) {
    if (typeof current !== 'object' || current === null) return undefined
    current = Object.hasOwn(current, String(key)) ? (current as Record<string, unknown>)[String(key)] : undefined
  }
  return current
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : printValue(value))
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])
const title = (text: string): string => text.replace(/\b\p{L}/gu, (letter) => letter.toUpperCase())

/** The functions that Docker's CLI has, and the ones of Go's templates that its users need. */
export const templateFunctions: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ['json', (value) => JSON.stringify(value ?? null)],
  ['lower', (value) => asText(value).toLowerCase()],
  ['upper', (value) => asText(value).toUpperCase()],
  ['title', (value) => title(asText(value))],
  ['join', (list, separator) => asList(list).map(asText).join(asText(separator))],
  ['split', (text, separator) => asText(text).split(asText(separator))],
  ['truncate', (text, length) => asText(text).slice(0, Number(length))],
  ['pad', (text, before, after) => ' '.repeat(Number(before)) + asText(text) + ' '.repeat(Number(after))],
  ['len', (value) => lengthOf(value)],
  ['index', indexOf],
  ['print', (...values) => values.map(asText).join(' ')],
  ['println', (...values) => `${values.map(asText).join(' ')}\n`],
  ['not', (value) => isEmpty(value)],
  ['and', (...values) => values.find(isEmpty) ?? values.at(-1)],
  ['or', (...values) => values.find((value) => !isEmpty(value)) ?? values.at(-1)],
  ['eq', (first, ...others) => others.some((other) => first === other || asText(first) === asText(other))],
  ['ne', (a, b) => asText(a) !== asText(b)],
  ['lt', (a, b) => compare(a, b) < 0],
  ['le', (a, b) => compare(a, b) <= 0],
  ['gt', (a, b) => compare(a, b) > 0],
  ['ge', (a, b) => compare(a, b) >= 0],
])

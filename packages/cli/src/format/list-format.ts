import { formatTable } from './table.js'
import { compileTemplate } from './template.js'

/** A row of a list: the fields that templates can ask for. Functions are methods, such as `.Label "key"`. */
export type Row = Readonly<Record<string, unknown>>

/** How a list is shown: the heading of each field, and the fields of the usual table. */
export interface ListFormat {
  readonly headings: Readonly<Record<string, string>>
  readonly columns: readonly string[]
  /** The one field that `-q` prints. */
  readonly quiet: string
}

/**
 * Shows rows as a table, as one field a line (`-q`), as JSON (`json`), or by a template, which with `table ` before it gets
 * headings and columns.
 *
 * @throws PouchError `invalid-argument` when the template is not right
 */
export function formatList(
  rows: readonly Row[],
  format: ListFormat,
  options: { readonly format?: string; readonly quiet?: boolean },
): string {
  if (options.quiet === true && options.format === undefined)
    return rows.map((row) => `${String(row[format.quiet])}\n`).join('')
  const template = options.format ?? 'table'
  if (template === 'table')
    return formatTable([headingsOf(format.columns, format), ...rows.map((row) => cellsOf(row, format.columns))])
  if (template === 'json') return rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  if (template.startsWith('table ')) return formatTemplateTable(rows, format, template.slice('table '.length))
  const compiled = compileTemplate(template)
  return rows.map((row) => `${compiled.render(row)}\n`).join('')
}

function formatTemplateTable(rows: readonly Row[], format: ListFormat, template: string): string {
  const compiled = compileTemplate(template.trimStart())
  const fields = [...format.columns, ...Object.keys(format.headings), ...Object.keys(rows[0] ?? {})]
  const headings = Object.fromEntries(fields.map((field) => [field, headingOf(field, rows[0]?.[field], format)]))
  const lines = [compiled.render(headings), ...rows.map((row) => compiled.render(row))]
  return formatTable(lines.map((line) => line.split('\t')))
}

/** A method's heading is what it is asked for. */
function headingOf(field: string, value: unknown, format: ListFormat): unknown {
  return typeof value === 'function' ? String : (format.headings[field] ?? field.toUpperCase())
}

const headingsOf = (fields: readonly string[], format: ListFormat): string[] =>
  fields.map((field) => format.headings[field] ?? field.toUpperCase())

const cellsOf = (row: Row, fields: readonly string[]): string[] => fields.map((field) => String(row[field] ?? ''))

import { type Io, write } from '../io.js'
import { compileTemplate } from './template.js'

/** Prints what was inspected: a JSON array, JSON on a line for each (`json`), or a template for each. */
export async function printInspected(found: readonly unknown[], format: string | undefined, io: Io): Promise<void> {
  if (format === undefined || format === '') return write(io.stdout, `${JSON.stringify(found, null, 4)}\n`)
  const template = compileTemplate(format === 'json' ? '{{json .}}' : format)
  for (const value of found) await write(io.stdout, `${template.render(value)}\n`)
}

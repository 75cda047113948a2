// Tables of figures, and the place that they have in bench/README.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { join } from 'node:path'

/** A Markdown table. */
export function tableOf(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Puts a table between the marks of its name, with what it was measured on. */
export function putTable(name, table) {
  const file = join(import.meta.dirname, 'README.md')
  const facts = `Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}.`
  const [before, after] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const text = readFileSync(file, 'utf8')
  const [from, to] = [text.indexOf(before) + before.length, text.indexOf(after)]
  writeFileSync(file, `${text.slice(0, from)}\n\n${facts}\n\n${table}\n\n${text.slice(to)}`)
}

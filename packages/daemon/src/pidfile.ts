import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { PouchError } from '@pouch/errors'

/** Writes this process's id to a file, whole or not at all. @returns what removes the file if it is still this process's */
export function writePidfile(path: string): () => void {
  const text = `${process.pid}\n`
  const temporary = `${path}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, text, { mode: 0o644 })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw PouchError.from(error, { message: `cannot write the pidfile ${path}`, op: 'daemon.pidfile', subject: path })
  }
  return () => {
    if (isOurs(path, text)) rmSync(path, { force: true })
  }
}

function isOurs(path: string, text: string): boolean {
  try {
    return readFileSync(path, 'utf8') === text
  } catch {
    // Gone or unreadable: not ours to remove.
    return false
  }
}

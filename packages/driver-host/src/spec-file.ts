import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'

/**
 * Tells Docker where a plugin's socket is, by a file `NAME.spec`.
 *
 * @returns what removes the file again, if it still says so
 * @throws PouchError when it cannot be written
 */
export function writeSpecFile(directory: string, name: string, socket: string): () => void {
  const path = join(directory, `${name}.spec`)
  const text = `unix://${socket}\n`
  // Docker reads files that end in .spec or .json, so that it never meets this one.
  const temporary = `${path}.${process.pid}.tmp`
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 })
    writeFileSync(temporary, text, { mode: 0o644 })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw PouchError.from(error, { message: `cannot write ${path}`, op: 'spec', subject: path })
  }
  return () => {
    if (textOf(path) === text) rmSync(path, { force: true })
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const failure = PouchError.from(error, { message: `cannot read ${path}`, op: 'spec', subject: path })
    if (failure.code === 'not-found') return undefined
    throw failure
  }
}

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'

/** Makes directories that are gone after each test, whatever is in them. */
export function useFolders(parent: string = tmpdir()): (name?: string) => string {
  const made: string[] = []
  afterEach(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true })
  })
  return (name = 'tree') => {
    const folder = mkdtempSync(join(parent, 'pouch-file-tree-'))
    made.push(folder)
    const inner = join(folder, name)
    mkdirSync(inner)
    return inner
  }
}

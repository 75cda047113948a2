import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { directoryBytes } from '../src/disk-usage.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pouch-usage-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('directoryBytes', () => {
  it('counts files at every depth, hard links once, and neither directories nor symlinks', async () => {
    expect(await directoryBytes(folder)).toBe(0)
    mkdirSync(join(folder, 'a/b'), { recursive: true })
    writeFileSync(join(folder, 'a/b/file'), 'x'.repeat(1000))
    linkSync(join(folder, 'a/b/file'), join(folder, 'link'))
    symlinkSync('a/b/file', join(folder, 'symlink'))
    symlinkSync('/usr', join(folder, 'elsewhere'))
    writeFileSync(join(folder, 'sparse'), '')
    truncateSync(join(folder, 'sparse'), 5000)
    expect(await directoryBytes(folder)).toBe(6000)
  })

  it('stops when it is told to, and says what is not there', async () => {
    await expect(directoryBytes(folder, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
    await expect(directoryBytes(join(folder, 'nope'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

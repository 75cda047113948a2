import { execFileSync } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compareTrees, copyTree, measureTree, packTree, unpackTree } from '../src/index.js'
import { archive, bytesOf, inChunks } from './support/archives.js'
import { useFolders } from './support/folders.js'

// Thousands of files: memory is disk enough.
const folder = useFolders(existsSync('/dev/shm') ? '/dev/shm' : undefined)

describe('without koffi', () => {
  it('all that needs it says so, and changes nothing', async () => {
    const [root, other] = [folder(), folder()]
    const loadKoffi = () => Promise.reject(new Error('not installed'))
    const reason = { code: 'unsupported', message: expect.stringContaining('koffi') }
    await expect(bytesOf(packTree(root, { loadKoffi }))).rejects.toMatchObject(reason)
    await expect(unpackTree(root, inChunks(archive()), { loadKoffi })).rejects.toMatchObject(reason)
    await expect(copyTree(root, other, { loadKoffi })).rejects.toMatchObject(reason)
    await expect(compareTrees(root, other, { loadKoffi })).rejects.toMatchObject(reason)
    expect((await measureTree(root)).inodes).toBe(1)
  })
})

describe('measureTree', () => {
  it('counts what du counts, hard links once, and follows no link', async () => {
    const root = folder()
    expect((await measureTree(root)).apparentBytes).toBe(0)
    mkdirSync(join(root, 'a/b'), { recursive: true })
    writeFileSync(join(root, 'a/b/file'), 'x'.repeat(10_000))
    linkSync(join(root, 'a/b/file'), join(root, 'link'))
    symlinkSync('a/b/file', join(root, 'symlink'))
    symlinkSync('/usr', join(root, 'elsewhere'))
    writeFileSync(join(root, 'sparse'), '')
    truncateSync(join(root, 'sparse'), 5_000_000)
    const du = (...options: string[]) =>
      Number(execFileSync('du', [...options, root], { encoding: 'utf8' }).split('\t')[0])
    expect(await measureTree(root)).toEqual({
      apparentBytes: 5_010_000,
      diskBytes: du('-s', '--block-size=1'),
      inodes: du('-s', '--inodes'),
    })
  })

  it('stops when it is told to, and says what is not there', async () => {
    const root = folder()
    await expect(measureTree(root, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
    await expect(measureTree(join(root, 'nope'))).rejects.toMatchObject({ code: 'not-found', op: 'tree.measure' })
    writeFileSync(join(root, 'file'), '')
    await expect(measureTree(join(root, 'file'))).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('counts a directory of many more entries than are held at a time', async () => {
    const root = folder()
    for (let index = 0; index < 9000; index += 1) writeFileSync(join(root, `file-${index}`), 'x')
    expect(await measureTree(root)).toMatchObject({ apparentBytes: 9000, inodes: 9001 })
  })
})

import { execFile } from 'node:child_process'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Ext4Layout, ext4BlocksFor, ext4Overhead } from '../src/ext4-layout.js'
import { readSuperblock } from '../src/superblock.js'

const run = promisify(execFile)
const mebibyte = 2 ** 20
let directory: string
let image: string
let handle: FileHandle

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pouch-layout-'))
  image = join(directory, 'image')
  handle = await open(image, 'w+')
})

afterEach(async () => {
  await handle.close()
  await rm(directory, { recursive: true })
})

async function layoutOf(sizeMib: number, ...options: string[]): Promise<{ layout: Ext4Layout; blocks: number }> {
  await handle.truncate(sizeMib * mebibyte)
  const lazily = 'lazy_itable_init=1,lazy_journal_init=1,nodiscard'
  await run('/usr/sbin/mkfs.ext4', ['-q', '-F', '-E', lazily, ...options, image])
  const superblock = await readSuperblock(handle)
  if (superblock?.layout === undefined) throw new Error('mkfs.ext4 made no ext4')
  return { layout: superblock.layout, blocks: superblock.blocks }
}

describe('what an ext4 keeps for itself', () => {
  it.each([
    [5, []],
    [64, []],
    [300, ['-N', '500']],
    [1024, []],
    [5000, ['-O', '^has_journal']],
    [40_000, ['-O', '^64bit']],
    [300_000, []],
  ])('is what mkfs notes, at %i MiB with %j', async (sizeMib, options) => {
    const { layout, blocks } = await layoutOf(sizeMib, ...options)
    const note = Buffer.alloc(4)
    await handle.read(note, 0, 4, 1024 + 0x248)
    expect(ext4Overhead(layout, blocks)).toBe(note.readUInt32LE(0))
    // resize2fs leaves no note.
    await handle.write(Buffer.alloc(4), 0, 4, 1024 + 0x248)
    expect((await readSuperblock(handle))?.overheadBlocks).toBe(note.readUInt32LE(0))
  })

  it('is added to what is wanted, and little more', async () => {
    const { layout } = await layoutOf(1024)
    for (let usable = 1000; usable < 2_000_000; usable += 7919) {
      const blocks = ext4BlocksFor(layout, usable)
      const found = blocks - ext4Overhead(layout, blocks)
      expect(found).toBeGreaterThanOrEqual(usable)
      expect(found - usable).toBeLessThan(2000)
    }
  })
})

describe('a file without a filesystem', () => {
  it.each([0, 1000, 8192])('is told as such when it has %i bytes', async (bytes) => {
    await handle.truncate(bytes)
    expect(await readSuperblock(handle)).toBeUndefined()
  })
})

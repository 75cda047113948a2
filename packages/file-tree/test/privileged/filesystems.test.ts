import { execFileSync } from 'node:child_process'
import {
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareTrees, copyTree, packTree, type TreeWarning, unpackTree } from '../../src/index.js'
import { archive, bytesOf, inChunks, member } from '../support/archives.js'
import { useFolders } from '../support/folders.js'
import { attributes, setAttribute } from '../support/kernel.js'

/** A file system in a sparse file, mounted for the tests of a block. */
function useImage(make: readonly string[], sizeBytes: number): () => string {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pouch-file-tree-image-'))
    const image = join(folder, 'image')
    writeFileSync(image, '')
    truncateSync(image, sizeBytes)
    const [program = '', ...args] = make
    execFileSync(program, [...args, image], { stdio: 'pipe' })
    mkdirSync(join(folder, 'mount'))
    execFileSync('mount', ['-o', 'loop', image, join(folder, 'mount')])
  })
  afterAll(() => {
    if (readdirSync(folder).includes('mount')) execFileSync('umount', [join(folder, 'mount')])
    rmSync(folder, { recursive: true, force: true })
  })
  return () => join(folder, 'mount')
}

const blocks = (path: string) => Number(statfsSync(path).bfree) * Number(statfsSync(path).bsize)

describe.each([
  ['xfs', ['mkfs.xfs', '-q', '-m', 'reflink=1'], 320],
  ['btrfs', ['mkfs.btrfs', '-q'], 256],
] as const)('on %s', (_, make, megabytes) => {
  const mount = useImage(make, megabytes * 1024 * 1024)

  it('a copy shares its blocks, and is a copy all the same', async () => {
    const [from, to] = [join(mount(), 'from'), join(mount(), 'to')]
    mkdirSync(join(from, 'dir'), { recursive: true })
    mkdirSync(to)
    for (let index = 0; index < 40; index += 1)
      writeFileSync(join(from, `dir/file-${index}`), Buffer.alloc(1_000_000, index))
    writeFileSync(join(from, 'empty'), '')
    writeFileSync(join(from, 'sparse'), 'x')
    truncateSync(join(from, 'sparse'), 10_000_000)
    await setAttribute(join(from, 'empty'), 'user.pouch', Buffer.from('kept'))
    execFileSync('sync', ['-f', mount()])
    const before = blocks(mount())
    expect(await copyTree(from, to)).toMatchObject({ method: 'reflink', warnings: 0, entries: 44 })
    expect(before - blocks(mount())).toBeLessThan(8_000_000)
    expect(await compareTrees(from, to)).toEqual([])
    writeFileSync(join(to, 'dir/file-1'), 'changed')
    expect(readFileSync(join(from, 'dir/file-1')).equals(Buffer.alloc(1_000_000, 1))).toBe(true)
  })

  it('a copy to another file system takes its own', async () => {
    const [from, to] = [join(mount(), 'away'), mkdtempSync(join(tmpdir(), 'pouch-file-tree-away-'))]
    try {
      mkdirSync(from)
      writeFileSync(join(from, 'small'), 'x')
      writeFileSync(join(from, 'large'), Buffer.alloc(5_000_000, 'large'))
      expect(await copyTree(from, to)).toMatchObject({ method: 'copy', bytes: 5_000_001 })
      expect(await compareTrees(from, to)).toEqual([])
    } finally {
      rmSync(to, { recursive: true })
    }
  })
})

describe('on ext4 of its own', () => {
  const mount = useImage(['mkfs.ext4', '-q', '-m', '0'], 32 * 1024 * 1024)
  const folder = useFolders()

  it("lost+found is the file system's, and a full disk is told as that", async () => {
    const from = folder()
    writeFileSync(join(from, 'file'), 'x')
    await copyTree(from, mount())
    expect(readdirSync(mount()).sort()).toEqual(['file', 'lost+found'])
    expect(await compareTrees(from, mount())).toEqual([])
    const to = folder()
    await unpackTree(to, packTree(mount()))
    expect(readdirSync(to)).toEqual(['file'])

    const large = openSync(join(from, 'large'), 'w')
    for (let index = 0; index < 40; index += 1) writeSync(large, Buffer.alloc(1024 * 1024, index))
    closeSync(large)
    const full = { code: 'exhausted', details: { errno: 'ENOSPC' } }
    await expect(copyTree(from, mount())).rejects.toMatchObject({ ...full, op: 'tree.copy' })
    await expect(unpackTree(mount(), packTree(from))).rejects.toMatchObject({ ...full, op: 'tree.unpack' })
    const many = archive(
      ...Array.from({ length: 2000 }, (_, index) => member({ name: `file-${index}`, data: 'x'.repeat(30_000) })),
    )
    await expect(unpackTree(mount(), inChunks(many))).rejects.toMatchObject(full)
  })
})

describe('without root', () => {
  const folder = useFolders()

  it('keeps what the kernel lets, and tells what not', async () => {
    const [from, to] = [folder(), folder()]
    mkdirSync(join(from, 'dir'))
    writeFileSync(join(from, 'dir/setuid'), 'x', { mode: 0o755 })
    execFileSync('chmod', ['4755', join(from, 'dir/setuid')])
    execFileSync('mknod', [join(from, 'null'), 'c', '1', '3'])
    await setAttribute(join(from, 'dir/setuid'), 'user.kept', Buffer.from('kept'))
    await setAttribute(join(from, 'dir/setuid'), 'trusted.lost', Buffer.from('lost'))
    const data = await bytesOf(packTree(from))
    chownSync(to, 65534, 65534)
    chownSync(join(to, '..'), 65534, 65534)
    const warnings: TreeWarning[] = []
    process.seteuid?.(65534)
    try {
      await unpackTree(to, inChunks(data), { onWarning: (warning) => warnings.push(warning) })
    } finally {
      process.seteuid?.(0)
    }
    expect(warnings.map(({ code, path }) => `${code} ${path}`).sort()).toEqual([
      'attribute dir/setuid',
      'device null',
      'ownership dir/setuid',
    ])
    expect(execFileSync('find', [to, '-printf', '%P %m %U '], { encoding: 'utf8' })).toContain('dir/setuid 755 65534')
    expect(await attributes(join(to, 'dir/setuid'))).toEqual({ 'user.kept': Buffer.from('kept').toString('hex') })
  })
})

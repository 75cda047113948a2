import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareTrees, copyTree, packTree, type TreeWarning, unpackTree } from '../../src/index.js'
import { bytesOf, gnuTar, gnuUntar, inChunks } from '../support/archives.js'
import { useFolders } from '../support/folders.js'
import { acl, attributes, dataOf, setAttribute } from '../support/kernel.js'
import { listing } from '../support/listing.js'

const folder = useFolders()
const withAll = ['--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner']
const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex')
const accessAcl = acl([1, 6], [2, 4, 1000], [2, 6, 65534], [4, 4], [8, 5, 50], [16, 7], [32, 4])
const defaultAcl = acl([1, 7], [4, 5], [8, 7, 1234], [16, 7], [32, 0])

/** A tree with all that this package promises to keep. */
async function everything(root: string): Promise<void> {
  mkdirSync(join(root, 'dir/below'), { recursive: true })
  writeFileSync(join(root, 'file'), 'content\n')
  writeFileSync(join(root, 'empty'), '')
  writeFileSync(join(root, 'dir/large'), Buffer.alloc(3_000_001, 'pouch'))
  writeFileSync(join(root, 'setuid'), '#!/bin/sh\n')
  chownSync(join(root, 'setuid'), 1000, 50)
  chmodSync(join(root, 'setuid'), 0o6755)
  writeFileSync(join(root, 'owned'), 'mine')
  chownSync(join(root, 'owned'), 3_000_000_000, 2_500_000_000)
  linkSync(join(root, 'file'), join(root, 'dir/hard'))
  symlinkSync('../../outside', join(root, 'dir/symlink'))
  symlinkSync(`/${'long/'.repeat(60)}`, join(root, 'long-symlink'))
  lchownSync(join(root, 'dir/symlink'), 7, 8)
  linkSync(join(root, 'dir/symlink'), join(root, 'symlink-again'))
  const long = join(root, `${'d'.repeat(200)}`, `${'e'.repeat(200)}`)
  mkdirSync(long, { recursive: true })
  writeFileSync(join(long, 'ünïcode \n name'), 'x')
  writeFileSync(Buffer.concat([Buffer.from(`${root}/bytes-`), Buffer.from([0xff, 0xc3, 0x28, 0x5c])]), 'not UTF-8')
  execFileSync('mkfifo', ['-m', '640', join(root, 'fifo')])
  execFileSync('mknod', ['-m', '600', join(root, 'block'), 'b', '259', '70000'])
  execFileSync('mknod', [join(root, 'null'), 'c', '1', '3'])
  await sparseFiles(root)
  await setAttribute(join(root, 'file'), 'user.pouch=100%', Buffer.from([0, 10, 61, 255]))
  await setAttribute(join(root, 'file'), 'user.empty', Buffer.alloc(0))
  await setAttribute(join(root, 'dir'), 'trusted.pouch', Buffer.from('directory'))
  await setAttribute(join(root, 'dir/symlink'), 'trusted.link', Buffer.from('symlink'))
  await setAttribute(join(root, 'owned'), 'security.capability', capability)
  await setAttribute(join(root, 'empty'), 'system.posix_acl_access', accessAcl)
  await setAttribute(join(root, 'dir/below'), 'system.posix_acl_default', defaultAcl)
  chmodSync(join(root, 'dir/below'), 0o1570)
  // Times last, from the leaves up: each has nanoseconds, one is before 1970.
  const touch =
    'n=0; while IFS= read -r -d "" p; do touch -h -d "@$((1600000000+n)).$((123456789-n))" "$p"; n=$((n+1)); done'
  execFileSync('bash', ['-c', `find "$1" -depth -print0 | { ${touch}; }`, 'bash', root])
  execFileSync('touch', ['-d', '@-5.25', join(root, 'empty')])
}

async function sparseFiles(root: string): Promise<void> {
  const holes = openSync(join(root, 'sparse'), 'w')
  for (let index = 0; index < 40; index += 1)
    writeSync(holes, Buffer.alloc(4096, index + 1), 0, 4096, index * 1_048_576 + 65536)
  ftruncateSync(holes, 100_000_000)
  closeSync(holes)
  writeFileSync(join(root, 'all-hole'), '')
  truncateSync(join(root, 'all-hole'), 5_000_000)
}

async function expectSame(from: string, to: string): Promise<void> {
  expect(listing(to)).toEqual(listing(from))
  for (const name of ['file', 'dir', 'owned', 'empty', 'dir/below', 'dir/symlink', 'setuid']) {
    expect({ [name]: await attributes(join(to, name)) }).toEqual({ [name]: await attributes(join(from, name)) })
  }
  for (const name of ['sparse', 'all-hole', 'dir/large']) {
    expect({ [name]: await dataOf(join(to, name)) }).toEqual({ [name]: await dataOf(join(from, name)) })
  }
}

describe('everything that Linux keeps of a file', () => {
  let from: string
  beforeAll(async () => {
    from = mkdtempSync(join(tmpdir(), 'pouch-file-tree-all-'))
    await everything(from)
  })
  afterAll(() => rmSync(from, { recursive: true, force: true }))

  it('survives packing and unpacking, and what was unpacked packs to the same bytes', async () => {
    const to = folder()
    const warnings: TreeWarning[] = []
    const archive = await bytesOf(packTree(from, { onWarning: (warning) => warnings.push(warning) }))
    await unpackTree(to, inChunks(archive, 1000), { onWarning: (warning) => warnings.push(warning) })
    expect(warnings).toEqual([])
    await expectSame(from, to)
    expect(archive.length).toBeLessThan(4_000_000)
    expect((await bytesOf(packTree(to))).equals(archive)).toBe(true)
    expect(await compareTrees(from, to)).toEqual([])
  })

  it('is unpacked by GNU tar from our archive', async () => {
    const to = folder()
    gnuUntar(to, await bytesOf(packTree(from)), ...withAll)
    await expectSame(from, to)
  })

  it('is copied', async () => {
    const to = folder()
    const outcome = await copyTree(from, to)
    expect(outcome).toMatchObject({ method: 'copy', warnings: 0, entries: listing(from).length })
    await expectSame(from, to)
    expect(await compareTrees(from, to)).toEqual([])
  })

  it('is copied without the attributes that the caller leaves out', async () => {
    const to = folder()
    await copyTree(from, to, { keepsAttribute: (name) => !name.startsWith('user.') })
    expect(await attributes(join(to, 'file'))).toEqual({})
    expect(await attributes(join(to, 'dir'))).toEqual(await attributes(join(from, 'dir')))
  })

  it.each([
    ['posix', ['--format=posix', '-S']],
    ['posix, sparse 0.0', ['--format=posix', '-S', '--sparse-version=0.0']],
    ['posix, sparse 0.1', ['--format=posix', '-S', '--sparse-version=0.1']],
  ])("is unpacked by us from GNU tar's archive: %s", async (_, options) => {
    const to = folder()
    await unpackTree(to, inChunks(gnuTar(from, ...options, ...withAll)))
    await expectSame(from, to)
  })

  it('is compared: each single change is told', async () => {
    const changes: readonly (readonly [string, string, (root: string) => unknown])[] = [
      ['mode', 'file', (root) => chmodSync(join(root, 'file'), 0o600)],
      ['owner', 'empty', (root) => chownSync(join(root, 'empty'), 5, 0)],
      ['missing', 'fifo', (root) => rmSync(join(root, 'fifo'))],
      ['extra', 'new', (root) => writeFileSync(join(root, 'new'), '')],
      ['size', 'sparse', (root) => truncateSync(join(root, 'sparse'), 100_000_001)],
      [
        'attributes',
        'dir/below',
        async (root) => await setAttribute(join(root, 'dir/below'), 'user.x', Buffer.from('x')),
      ],
      ['mtime', 'null', (root) => execFileSync('touch', ['-d', '@5', join(root, 'null')])],
      ['target', 'long-symlink', (root) => execFileSync('ln', ['-sfn', 'other', join(root, 'long-symlink')])],
      [
        'device',
        'block',
        (root) => execFileSync('sh', ['-c', `rm "$1" && mknod -m 600 "$1" b 259 1`, 'sh', join(root, 'block')]),
      ],
      [
        'links',
        'dir/hard',
        (root) => execFileSync('sh', ['-c', `cp -a "$1" "$1.new" && mv "$1.new" "$1"`, 'sh', join(root, 'file')]),
      ],
      [
        'content',
        'dir/large',
        (root) =>
          execFileSync('sh', [
            '-c',
            `touch -r "$1" "$1.t"; printf X | dd of="$1" bs=1 seek=2500000 conv=notrunc status=none; touch -r "$1.t" "$1"; rm "$1.t"`,
            'sh',
            join(root, 'dir/large'),
          ]),
      ],
    ]
    for (const [what, path, change] of changes) {
      const to = folder()
      await copyTree(from, to)
      await change(to)
      const told = await compareTrees(from, to, { most: 50 })
      expect({ what, told }).toEqual({ what, told: expect.arrayContaining([expect.objectContaining({ what, path })]) })
      rmSync(to, { recursive: true })
    }
  })

  it('leaves sockets and other file systems out, and says so', async () => {
    const [source, to] = [folder(), folder()]
    mkdirSync(join(source, 'mounted'))
    writeFileSync(join(source, 'mounted-file'), '')
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(source, 'socket'), resolve))
    execFileSync('mount', ['-t', 'tmpfs', 'none', join(source, 'mounted')])
    execFileSync('mount', ['--bind', '/etc/hostname', join(source, 'mounted-file')])
    try {
      writeFileSync(join(source, 'mounted/secret'), 'of another file system')
      const warnings: string[] = []
      const onWarning = ({ code, path }: TreeWarning) => warnings.push(`${code} ${path}`)
      await unpackTree(to, packTree(source, { onWarning }))
      expect(warnings.sort()).toEqual(['other-filesystem mounted', 'other-filesystem mounted-file', 'socket socket'])
      expect(execFileSync('find', [to, '-mindepth', '1', '-printf', '%P '], { encoding: 'utf8' })).toBe('mounted ')
    } finally {
      execFileSync('umount', [join(source, 'mounted-file')])
      execFileSync('umount', [join(source, 'mounted')])
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

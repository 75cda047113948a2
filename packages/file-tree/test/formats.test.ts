import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { FoundEntry } from '../src/found-entry.js'
import { compareTrees, copyTree, packTree, type TreeProgress, type TreeWarning, unpackTree } from '../src/index.js'
import { memberHeader } from '../src/tar/member-header.js'
import { archive, bytesOf, gnuTar, gnuUntar, inChunks, member, pax, sealed } from './support/archives.js'
import { useFolders } from './support/folders.js'
import { dataOf } from './support/kernel.js'
import { listing } from './support/listing.js'

const folder = useFolders(existsSync('/dev/shm') ? '/dev/shm' : undefined)

/** What every format can hold: short names, whole seconds. */
function plainTree(root: string): void {
  mkdirSync(join(root, 'dir/empty'), { recursive: true })
  writeFileSync(join(root, 'dir/file'), 'content'.repeat(1000))
  writeFileSync(join(root, 'large'), Buffer.alloc(300_000, 'large'))
  symlinkSync('dir/file', join(root, 'link'))
  execFileSync('ln', [join(root, 'large'), join(root, 'dir/hard')])
  execFileSync('sh', ['-c', 'find "$1" -depth -exec touch -h -d @1600000000 {} +', 'sh', root])
}

describe("GNU tar's formats", () => {
  it.each(['v7', 'oldgnu', 'gnu', 'ustar', 'posix'])('%s is read', async (format) => {
    const [from, to] = [folder(), folder()]
    plainTree(from)
    await unpackTree(to, inChunks(gnuTar(from, `--format=${format}`), 333))
    expect(listing(to)).toEqual(listing(from))
  })

  it.each([
    ['gnu', '--format=gnu'],
    ['oldgnu', '--format=oldgnu'],
  ])('%s: long names and sparse files are read', async (_, format) => {
    const [from, to] = [folder(), folder()]
    const long = join(from, 'd'.repeat(150), 'e'.repeat(150))
    mkdirSync(long, { recursive: true })
    writeFileSync(join(long, 'f'.repeat(150)), 'deep')
    symlinkSync('t'.repeat(300), join(from, 'link'))
    // More pieces than fit the header and one block after it.
    for (let index = 0; index < 60; index += 1) {
      execFileSync('dd', [
        'if=/dev/zero',
        `of=${join(from, 'sparse')}`,
        'bs=4096',
        'count=1',
        `seek=${index * 3}`,
        'conv=notrunc',
        'status=none',
      ])
    }
    truncateSync(join(from, 'sparse'), 2_000_000)
    execFileSync('sh', ['-c', 'find "$1" -depth -exec touch -h -d @1600000000 {} +', 'sh', from])
    await unpackTree(to, inChunks(gnuTar(from, format, '-S', '--hole-detection=seek')))
    expect(listing(to)).toEqual(listing(from))
    const pieces = await dataOf(join(to, 'sparse'))
    expect(pieces).toHaveLength(60)
    expect(pieces).toEqual(await dataOf(join(from, 'sparse')))
  })

  it('numbers beyond octal digits are read, whichever way they are written', async () => {
    const root = folder()
    writeFileSync(join(root, 'file'), 'x')
    for (const format of ['gnu', 'posix']) {
      const to = folder()
      const data = gnuTar(root, `--format=${format}`, '--owner=:4000000000', '--group=:3000000000', '--mtime=@-77')
      const seen: TreeWarning[] = []
      await unpackTree(to, inChunks(data), { onWarning: (warning) => seen.push(warning) })
      const { uid, gid, mtimeMs } = statSync(join(to, 'file'))
      expect(mtimeMs).toBe(-77_000)
      if (process.geteuid?.() === 0)
        expect({ uid, gid, seen }).toEqual({ uid: 4_000_000_000, gid: 3_000_000_000, seen: [] })
      else expect(seen.map(({ code }) => code)).toEqual(['ownership'])
    }
  })

  it('times of any century are kept whole, and those beyond the kernel are clamped with a warning', async () => {
    const root = folder()
    writeFileSync(join(root, 'future'), 'x')
    execFileSync('touch', ['-d', '2400-01-01 00:00:00.000000001 UTC', join(root, 'future')])
    const { mtimeNs } = statSync(join(root, 'future'), { bigint: true })
    expect(mtimeNs).toBe(13_569_465_600_000_000_001n)
    for (const data of [await bytesOf(packTree(root)), gnuTar(root, '--format=posix'), gnuTar(root, '--format=gnu')]) {
      const to = folder()
      const onWarning = vi.fn()
      await unpackTree(to, inChunks(data), { ownership: 'caller', onWarning })
      const isWhole = data.includes('13569465600.000000001')
      expect(statSync(join(to, 'future'), { bigint: true }).mtimeNs).toBe(isWhole ? mtimeNs : mtimeNs - 1n)
      expect(onWarning).not.toHaveBeenCalled()
    }
    const ancient = member({ name: 'ancient' })
    ancient.fill(0, 136, 148).writeUInt8(0xc0, 136)
    sealed(ancient)
    const seen: TreeWarning[] = []
    const beyond = archive(pax({ mtime: '99999999999999999999.5' }), member({ name: 'far', data: 'x' }), ancient)
    await unpackTree(folder(), inChunks(beyond), { ownership: 'caller', onWarning: (warning) => seen.push(warning) })
    const told = seen.filter(({ code }) => code === 'archive').map(({ message }) => message)
    expect(told).toEqual(['far', 'ancient'].map((name) => expect.stringContaining(`${name}: its time is beyond all`)))
  })

  it('a file above 8 GiB is announced so that GNU tar reads its size', () => {
    const stat = {
      kind: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: 9e9,
      mtimeNs: 0n,
      device: 0,
      inode: 0n,
      links: 1,
      major: 0,
      minor: 0,
      diskBytes: 9e9,
      isMountRoot: false,
    } as const
    const header = memberHeader(new FoundEntry({ path: 'giant', stat, attributes: [] }), { storedBytes: 9e9 })
    const told = execFileSync('sh', ['-c', 'tar -tv 2>/dev/null || true'], { input: header, encoding: 'utf8' })
    expect(told).toContain('9000000000')
    expect(told).toContain('giant')
  })
})

describe('unpackTree', () => {
  it('takes entries in any order: content before its directory, a directory twice, names that repeat', async () => {
    const root = folder()
    const data = archive(
      member({ name: './a/b/one', data: '1' }),
      member({ name: 'c/', type: '5', mode: 0o711 }),
      pax({ mtime: '1000.000000001' }),
      member({ name: 'a/b', type: '5', mode: 0o750 }),
      member({ name: 'c/two', data: '2' }),
      member({ name: 'a//b/./three', data: '3' }),
      member({ name: 'a/b/one', data: 'again' }),
      member({ name: 'hard', type: '1', link: './a/b/one' }),
      member({ name: 'a/b/one', data: 'last' }),
      member({ name: 'v7-directory/', data: '' }),
      member({ name: 'c/two', type: '5', mode: 0o700 }),
    )
    expect(await unpackTree(root, inChunks(data), { ownership: 'caller' })).toMatchObject({ entries: 10 })
    expect(readFileSync(join(root, 'a/b/one'), 'utf8')).toBe('last')
    expect(readFileSync(join(root, 'hard'), 'utf8')).toBe('again')
    expect(readdirSync(join(root, 'a/b')).sort()).toEqual(['one', 'three'])
    expect(statSync(join(root, 'a/b'), { bigint: true })).toMatchObject({ mode: 0o40750n, mtimeNs: 1_000_000_000_001n })
    expect(statSync(join(root, 'c')).mode).toBe(0o40711)
    expect(statSync(join(root, 'c/two')).isDirectory()).toBe(true)
    expect(statSync(join(root, 'v7-directory')).isDirectory()).toBe(true)
  })

  it('makes and packs deep directories, and refuses those beyond the bound', async () => {
    const [from, to] = [folder(), folder()]
    const deep = (depth: number) => `${'d/'.repeat(depth)}file`
    const data = (depth: number) => archive(pax({ path: deep(depth) }), member({ name: 'short', data: 'x' }))
    await unpackTree(from, inChunks(data(400)), { ownership: 'caller' })
    await unpackTree(to, packTree(from))
    expect(readFileSync(join(to, deep(400)), 'utf8')).toBe('x')
    expect(await compareTrees(from, to)).toEqual([])
    const tooDeep = unpackTree(folder(), inChunks(data(1100)), { ownership: 'caller' })
    await expect(tooDeep).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('deep') })
  })

  it("makes all files the caller's when asked, without set-user-id bits", async () => {
    const root = folder()
    const data = archive(pax({ uid: '12345', gid: '54321' }), member({ name: 'program', data: 'x', mode: 0o6755 }))
    const { warnings } = await unpackTree(root, inChunks(data), { ownership: 'caller' })
    const { uid, gid, mode } = statSync(join(root, 'program'))
    expect({ uid, gid, mode, warnings }).toEqual({
      uid: process.geteuid?.(),
      gid: process.getegid?.(),
      mode: 0o100755,
      warnings: 0,
    })
  })

  it('is not impressed by the caller’s umask', async () => {
    const [from, to] = [folder(), folder()]
    mkdirSync(join(from, 'dir'))
    writeFileSync(join(from, 'dir/file'), 'x')
    chmodSync(join(from, 'dir/file'), 0o666)
    chmodSync(join(from, 'dir'), 0o777)
    const data = await bytesOf(packTree(from))
    const before = process.umask(0o077)
    try {
      await unpackTree(to, inChunks(data))
    } finally {
      process.umask(before)
    }
    expect(listing(to)).toEqual(listing(from))
  })
})

describe('packTree', () => {
  it('packs an empty directory, and many files, as GNU tar unpacks them; twice the same bytes', async () => {
    for (const count of [0, 6000]) {
      const [from, to] = [folder(), folder()]
      for (let index = 0; index < count; index += 1)
        writeFileSync(join(from, `file-${(index * 7919) % 6007}`), `${index}`)
      const data = await bytesOf(packTree(from))
      expect(data.length % 10_240).toBe(0)
      expect((await bytesOf(packTree(from))).equals(data)).toBe(true)
      gnuUntar(to, data)
      expect(listing(to)).toEqual(listing(from))
    }
  })

  it('pads a file that shrinks, cuts one that grows, and says so', async () => {
    const [from, to] = [folder(), folder()]
    writeFileSync(join(from, 'grows'), Buffer.alloc(4_000_000, 'g'))
    writeFileSync(join(from, 'shrinks'), Buffer.alloc(8_000_000, 's'))
    const warnings: string[] = []
    const packing = packTree(from, { onWarning: ({ code, path }) => warnings.push(`${code} ${path}`) })
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of packing) {
      if (chunks.length === 0) appendFileSync(join(from, 'grows'), 'more')
      // The second is being read, and its end is further ahead than anybody reads.
      if (bytes < 5_000_000 && bytes + chunk.length >= 5_000_000) truncateSync(join(from, 'shrinks'), 7_500_000)
      bytes += chunk.length
      chunks.push(chunk)
    }
    expect(warnings).toEqual(['changed grows', 'changed shrinks'])
    await unpackTree(to, inChunks(Buffer.concat(chunks)))
    expect(readFileSync(join(to, 'grows')).equals(Buffer.alloc(4_000_000, 'g'))).toBe(true)
    const shrunk = readFileSync(join(to, 'shrinks'))
    expect(shrunk.subarray(0, 7_500_000).equals(Buffer.alloc(7_500_000, 's'))).toBe(true)
    expect([7_500_000, 8_000_000]).toContain(shrunk.length)
  })

  it('tells how far it is, stops when the reader does or the signal fires, and leaves no descriptor open', async () => {
    const from = folder()
    plainTree(from)
    const open = () => readdirSync('/proc/self/fd').length
    for await (const chunk of packTree(from)) expect(chunk.length).toBeGreaterThan(0)
    const before = open()
    const told: TreeProgress[] = []
    await bytesOf(packTree(from, { onProgress: (progress) => told.push(progress) }))
    expect(told.at(-1)).toEqual({ entries: 7, bytes: 307_000 })
    for await (const chunk of packTree(from)) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    await expect(bytesOf(packTree(from, { signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: 'aborted' })
    await expect(unpackTree(folder(), inChunks(Buffer.alloc(700, 'x')))).rejects.toMatchObject({ code: 'corrupt' })
    await copyTree(from, folder())
    expect(await compareTrees(from, from)).toEqual([])
    expect(open()).toBe(before)
  })
})

describe('copyTree', () => {
  it('refuses to copy a tree into itself', async () => {
    const root = folder()
    mkdirSync(join(root, 'below'))
    const code = { code: 'invalid-argument', op: 'tree.copy' }
    await expect(copyTree(root, join(root, 'below'))).rejects.toMatchObject(code)
    await expect(copyTree(root, root)).rejects.toMatchObject(code)
  })
  it('leaves what is there alone when it is told to', async () => {
    const [from, to] = [folder(), folder()]
    writeFileSync(join(from, 'file'), 'ours')
    writeFileSync(join(to, 'file'), 'theirs')
    const refused = copyTree(from, to, { existing: 'refuse' })
    await expect(refused).rejects.toMatchObject({ code: 'already-exists', op: 'tree.copy', subject: 'file' })
    expect(readFileSync(join(to, 'file'), 'utf8')).toBe('theirs')
    await copyTree(from, to)
    expect(readFileSync(join(to, 'file'), 'utf8')).toBe('ours')
  })
  it('makes holes of zeros when it is told to', async () => {
    const [from, to] = [folder(), folder()]
    const content = Buffer.alloc(3 * 1024 * 1024 + 5)
    content.write('at the front', 0)
    content.write('in the middle', 2 * 1024 * 1024 + 4090)
    content.write('tail', content.length - 4)
    writeFileSync(join(from, 'file'), content)
    await copyTree(from, to, { holes: 'from-zeros' })
    expect(readFileSync(join(to, 'file')).equals(content)).toBe(true)
    expect(statSync(join(to, 'file')).blocks).toBeLessThanOrEqual(4 * 8)
  })
})

import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { peek, plain } from '../src/compression.js'
import { tarEntries } from '../src/tar-entries.js'
import { file, folder, streamOf, symlink, tarOf } from './fixtures/tar.js'

const read = async (bytes: Uint8Array) => {
  const found: string[] = []
  for await (const entry of tarEntries(plain(await peek(streamOf(bytes))))) {
    const chunks: Uint8Array[] = []
    for await (const chunk of entry.body) chunks.push(chunk)
    found.push(`${entry.type} ${entry.path} ${entry.linkPath ?? Buffer.concat(chunks)}`)
  }
  return found
}

describe('a tar', () => {
  it('is read in its order, plain or compressed', async () => {
    const long = `${'d/'.repeat(80)}file`
    const tar = await tarOf([
      folder('./a/'),
      file('./a//b', 'body'),
      symlink('x/y', '../a/b'),
      file(long, 'deep'),
      file('empty', ''),
    ])
    const expected = ['other a ', 'file a/b body', 'link x/y a/b', `file ${long} deep`, 'file empty ']
    expect(await read(tar)).toEqual(expected)
    expect(await read(gzipSync(tar))).toEqual(expected)
  })

  it('may be left early, and its source is let go of', async () => {
    let closed = false
    async function* source() {
      try {
        yield* streamOf(await tarOf([file('a', 'x'), file('b', Buffer.alloc(5_000_000))]))
      } finally {
        closed = true
      }
    }
    for await (const entry of tarEntries(source())) {
      expect(entry.path).toBe('a')
      break
    }
    expect(closed).toBe(true)
  })

  it('goes on behind a body that was read in part', async () => {
    const tar = await tarOf([file('a', Buffer.alloc(3_000_000, 1)), file('b', 'x')])
    const paths: string[] = []
    for await (const entry of tarEntries(streamOf(tar))) {
      paths.push(entry.path)
      for await (const _ of entry.body) break
    }
    expect(paths).toEqual(['a', 'b'])
  })

  it('skips bodies that nobody reads', async () => {
    const tar = await tarOf([file('a', Buffer.alloc(3_000_000, 1)), file('b', 'x')])
    const paths: string[] = []
    for await (const entry of tarEntries(streamOf(tar))) paths.push(entry.path)
    expect(paths).toEqual(['a', 'b'])
  })

  it('passes on what its source throws', async () => {
    async function* source() {
      yield* streamOf((await tarOf([file('a', Buffer.alloc(100_000))])).subarray(0, 50_000))
      throw Object.assign(new Error('gone'), { code: 'ECONNRESET' })
    }
    const reading = (async () => {
      for await (const entry of tarEntries(source())) for await (const _ of entry.body);
    })()
    await expect(reading).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it.each([
    ['leads outside', '../x'],
    ['leads outside later', 'a/../../x'],
    ['is absolute', '/etc/passwd'],
    ['is endless', 'n'.repeat(1500)],
  ])('refuses a name that %s', async (_why, name) => {
    await expect(tarOf([file(name, 'x')]).then(read)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('refuses links that lead outside', async () => {
    await expect(tarOf([symlink('a/b', '../../etc')]).then(read)).rejects.toThrow('leads outside the archive')
    await expect(tarOf([symlink('a', '/etc/shadow')]).then(read)).rejects.toThrow('it is absolute')
  })

  it.each([
    ['noise', async () => Buffer.from('this is no archive at all'.repeat(100))],
    ['the half of one', async () => (await tarOf([file('a', Buffer.alloc(50_000, 1))])).subarray(0, 20_000)],
    ['a header and nothing behind it', async () => hugeHeader()],
    ['the half of a gzip', async () => gzipSync(await tarOf([file('a', Buffer.alloc(50_000, 1))])).subarray(0, 90)],
    [
      'a damaged gzip',
      async () => Buffer.concat([gzipSync(Buffer.alloc(10)).subarray(0, 10), Buffer.alloc(100, 0xee)]),
    ],
  ])('refuses %s', async (_what, make) => {
    await expect(make().then(read)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it.each([
    ['bzip2', [0x42, 0x5a, 0x68, 0x39]],
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ])('says that it cannot read %s', async (name, magic) => {
    const error = await read(Buffer.from([...magic, ...Buffer.alloc(100)])).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unsupported', message: expect.stringContaining(name) })
  })
})

// A header that promises 8 EiB, as base-256 has it.
async function hugeHeader(): Promise<Buffer> {
  const tar = Buffer.from((await tarOf([file('a', 'x')])).subarray(0, 512))
  tar.fill(0, 124, 136)
  tar[124] = 0x80
  tar[128] = 0x7f
  tar.fill(0x20, 148, 156)
  const sum = tar.reduce((total, byte) => total + byte, 0)
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return tar
}

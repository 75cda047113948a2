import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { throughZstd, zstdProgram } from '../src/zstd-program.js'

const path = process.env.PATH
afterEach(() => {
  process.env.PATH = path
})

const program = (): string => zstdProgram() ?? 'these tests need Debian’s zstd'
const data = Buffer.concat([randomBytes(300_000), Buffer.alloc(3_000_000)])

async function* pieces(bytes: Uint8Array, size = 65536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

const squeezed = () => spawnSync(program(), ['-q', '-c'], { input: data, maxBuffer: 1e8 }).stdout

describe('the zstd of the system', () => {
  it('compresses what zstd reads, and reads what zstd compressed', async () => {
    const ours = await all(throughZstd(program(), 'compress', pieces(data)))
    expect(ours.length).toBeLessThan(400_000)
    const theirs = spawnSync(program(), ['-q', '-d', '-c'], { input: ours, maxBuffer: 1e8 }).stdout
    expect(theirs.equals(data)).toBe(true)
    expect((await all(throughZstd(program(), 'decompress', pieces(squeezed())))).equals(data)).toBe(true)
  })

  it.each([
    ['ends early', (bytes: Buffer) => bytes.subarray(0, 100_000)],
    [
      'is damaged',
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 1000), Buffer.from('junk'), bytes.subarray(900)]),
    ],
    ['is none', () => Buffer.from('this is not compressed')],
  ])('refuses data that %s', async (_what, form) => {
    const reading = all(throughZstd(program(), 'decompress', pieces(form(squeezed()))))
    await expect(reading).rejects.toMatchObject({ code: 'corrupt', op: 'tree.decompress' })
  })

  it('passes on why the source failed', async () => {
    async function* broken() {
      yield data
      throw new Error('the disk is broken')
    }
    await expect(all(throughZstd(program(), 'compress', broken()))).rejects.toThrow('the disk is broken')
  })

  it('reads no faster than it is read, and ends with its reader', async () => {
    let given = 0
    let isLeft = false
    async function* endless() {
      try {
        for (; ; given += 1) yield randomBytes(65536)
      } finally {
        isLeft = true
      }
    }
    for await (const _ of throughZstd(program(), 'compress', endless())) {
      await delay(300)
      break
    }
    expect(given).toBeLessThan(300)
    await expect.poll(() => isLeft).toBe(true)
  })

  it('is looked for on the PATH alone', () => {
    expect(program()).toMatch(/^\/.*\/zstd$/)
    process.env.PATH = 'bin:.:/nonexistent'
    expect(zstdProgram()).toBeUndefined()
  })
})

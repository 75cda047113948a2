import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import * as zlib from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { compressed, decompressed } from '../src/index.js'
import { bytesOf, inChunks } from './support/archives.js'

const data = Buffer.concat([Buffer.alloc(500_000, 'pouch'), randomBytes(50_000)])
const hasZstd = 'createZstdCompress' in zlib

describe('compressed', () => {
  it('is what gzip reads', async () => {
    const packed = await bytesOf(compressed(inChunks(data), 'gzip'))
    expect(packed.length).toBeLessThan(100_000)
    expect(execFileSync('gzip', ['-dc'], { input: packed }).equals(data)).toBe(true)
  })

  it('is what zstd reads, whoever compresses', async () => {
    const packed = await bytesOf(compressed(inChunks(data), 'zstd'))
    expect(packed.length).toBeLessThan(100_000)
    expect(execFileSync('zstd', ['-dcq'], { input: packed }).equals(data)).toBe(true)
    const theirs = execFileSync('zstd', ['-cq'], { input: data })
    expect((await bytesOf(decompressed(inChunks(theirs)))).equals(data)).toBe(true)
  })

  it('tells the ways out where neither Node nor the PATH has zstd', async () => {
    const path = process.env.PATH
    onTestFinished(() => {
      process.env.PATH = path
    })
    process.env.PATH = '/nonexistent'
    const zstd = Buffer.from('28b52ffd2000010000', 'hex')
    const outcome = bytesOf(decompressed(inChunks(zstd))).then((bytes) => bytes.length, String)
    expect(await outcome).toEqual(hasZstd ? 0 : expect.stringMatching(/install zstd.*22\.15/))
    if (hasZstd) return
    const reason = expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('install zstd') })
    expect(() => compressed(inChunks(data), 'zstd')).toThrow(reason)
  })
})

describe('decompressed', () => {
  it('tells by the first bytes, however they come', async () => {
    const small = data.subarray(-2000)
    const packed = execFileSync('gzip', ['-c'], { input: small })
    for (const size of [1, 3, 70_000]) {
      expect((await bytesOf(decompressed(inChunks(packed, size)))).equals(small)).toBe(true)
    }
    for (const plain of [data, Buffer.alloc(0), Buffer.from('x'), Buffer.from([0x1f])]) {
      expect((await bytesOf(decompressed(inChunks(plain, 2)))).equals(plain)).toBe(true)
    }
    await expect(bytesOf(decompressed(inChunks(Buffer.from('BZh91AY'))))).rejects.toMatchObject({ code: 'unsupported' })
  })

  it('is corrupt when the data is damaged or ends early', async () => {
    const packed = execFileSync('gzip', ['-c'], { input: data })
    const broken = Buffer.from(packed)
    broken.fill(0xff, 2000, 2100)
    for (const each of [packed.subarray(0, 3000), packed.subarray(0, packed.length - 4), broken]) {
      await expect(bytesOf(decompressed(inChunks(each)))).rejects.toMatchObject({
        code: 'corrupt',
        op: 'tree.decompress',
      })
    }
  })

  it('passes on what its source fails with, and lets go of a source that is read no further', async () => {
    const packed = execFileSync('gzip', ['-c'], { input: data })
    async function* failing() {
      yield packed.subarray(0, 1000)
      await Promise.reject(new RangeError('the source broke'))
    }
    await expect(bytesOf(decompressed(failing()))).rejects.toThrow('the source broke')
    let isReleased = false
    async function* watched() {
      try {
        for (;;) yield await Promise.resolve(randomBytes(1000))
      } finally {
        isReleased = true
      }
    }
    for await (const chunk of decompressed(watched())) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    expect(isReleased).toBe(true)
  })
})

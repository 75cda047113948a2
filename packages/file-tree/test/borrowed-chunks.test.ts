import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packTree } from '../src/index.js'
import { useFolders } from './support/folders.js'

const folder = useFolders()

const hashOf = (chunks: Iterable<Uint8Array>) => {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

describe('chunks of an archive', () => {
  it('are the caller’s for good, unless borrowed: then the same bytes come out of two buffers', async () => {
    const root = join(folder(), 'tree')
    mkdirSync(root)
    const content = Buffer.alloc(7_300_000)
    for (let at = 0; at < content.length; at += 4) content.writeUInt32LE(at, at)
    writeFileSync(join(root, 'large'), content)
    // Pieces of these wait for more to come while the next is read.
    for (const name of ['a', 'b', 'c'])
      writeFileSync(join(root, name), content.subarray(0, 100_000 + name.charCodeAt(0)))

    const kept: Uint8Array[] = []
    for await (const chunk of packTree(root)) kept.push(chunk)
    const owned = Buffer.concat(kept)
    expect(owned.includes(content)).toBe(true)

    const hash = createHash('sha256')
    const buffers = new Set<ArrayBufferLike>()
    for await (const chunk of packTree(root, { chunks: 'borrowed' })) {
      hash.update(chunk)
      if (chunk.length > 512 * 1024) buffers.add(chunk.buffer)
    }
    expect(hash.digest('hex')).toBe(hashOf([owned]))
    expect(buffers.size).toBeLessThanOrEqual(2)
  })
})

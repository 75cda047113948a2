import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestContainerd, until } from '../fixtures/containerd.js'

let containerd: TestContainerd
beforeAll(async () => {
  containerd = await TestContainerd.start()
})
afterAll(async () => {
  expect(await containerd.stop()).toEqual([])
})

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

async function* inChunks(bytes: Buffer, chunkBytes: number) {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}

async function everything(source: AsyncIterable<Uint8Array>) {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const labels = { 'containerd.io/gc.root': 'test' }

describe('a write', () => {
  it.each([
    ['nothing', 0, 1],
    ['one byte', 1, 1],
    ['many small chunks', 1_500_001, 1000],
    ['one chunk larger than a message may be', 20 * 1024 * 1024, 20 * 1024 * 1024],
  ])('stores %s, byte for byte', async (_, size, chunkBytes) => {
    const { content } = containerd.client
    const bytes = randomBytes(size)
    const digest = sha256(bytes)
    const seen: number[] = []
    const onProgress = (held: number) => void seen.push(held)
    const written = await content.write(inChunks(bytes, chunkBytes), { ref: digest, digest, size, labels, onProgress })
    expect(written).toEqual({ digest, size, existed: false })
    expect((await everything(content.read(digest))).equals(bytes)).toBe(true)
    expect(await content.info(digest)).toMatchObject({ digest, size, labels })
    expect(seen.at(-1) ?? 0).toBe(size)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  })

  it('reckons the digest when it is given none', async () => {
    const bytes = Buffer.from('who am I')
    const written = await containerd.client.content.write(inChunks(bytes, 3), { ref: 'unknown', labels })
    expect(written).toEqual({ digest: sha256(bytes), size: 8, existed: false })
  })

  it('of what is there is a success, with its labels merged in', async () => {
    const { content } = containerd.client
    const bytes = Buffer.from('twice')
    await content.write(inChunks(bytes, 9), { ref: 'first', labels })
    const known = { digest: sha256(bytes), size: 5 }
    const again = await content.write(inChunks(bytes, 9), { ref: 'second', ...known, labels: { 'a.b/c.d': 'e' } })
    expect(again).toEqual({ ...known, existed: true })
    expect(await content.write(inChunks(bytes, 9), { ref: 'third' })).toEqual({ ...known, existed: true })
    expect((await content.info(known.digest))?.labels).toEqual({ ...labels, 'a.b/c.d': 'e' })
    expect(await content.statuses()).toEqual([])
  })

  it('of the wrong bytes is refused by containerd and dropped', async () => {
    const { content } = containerd.client
    const digest = sha256(Buffer.from('right'))
    const wrong = content.write(inChunks(Buffer.from('wrong'), 9), { ref: 'bad', digest })
    await expect(wrong).rejects.toMatchObject({ code: 'conflict', subject: digest, details: { grpcCode: 9 } })
    const short = content.write(inChunks(Buffer.from('righ'), 9), { ref: 'bad', digest, size: 5 })
    await expect(short).rejects.toMatchObject({ code: 'conflict' })
    expect(await content.statuses()).toEqual([])
    expect(await content.info(digest)).toBeUndefined()
  })

  it('that was broken off goes on where it stopped', async () => {
    const { content } = containerd.client
    const bytes = randomBytes(2 * 1024 * 1024)
    const write = { ref: 'resumed', digest: sha256(bytes), size: bytes.length, labels }
    async function* breaking() {
      yield bytes.subarray(0, 1024 * 1024)
      throw new Error('the network is gone')
    }
    const broken = content.write(breaking(), write)
    await expect(broken).rejects.toMatchObject({ code: 'internal', cause: { message: 'the network is gone' } })
    expect(await content.statuses()).toMatchObject([{ ref: 'resumed', offset: 1024 * 1024 }])
    const progress: number[] = []
    await content.write(inChunks(bytes, 300_000), { ...write, onProgress: (held) => void progress.push(held) })
    expect(Math.min(...progress)).toBeGreaterThan(1024 * 1024)
    expect((await everything(content.read(write.digest))).equals(bytes)).toBe(true)
  })

  it('without a digest never goes on with what another source left', async () => {
    const { content } = containerd.client
    const stale = randomBytes(600_000)
    const digest = sha256(Buffer.from('never'))
    async function* breaking() {
      yield stale
      throw new Error('broken off')
    }
    await expect(content.write(breaking(), { ref: 'stale', digest })).rejects.toMatchObject({ code: 'internal' })
    expect(await content.statuses()).toHaveLength(1)
    const fresh = Buffer.from('short and fresh')
    const written = await content.write(inChunks(fresh, 99), { ref: 'stale', labels })
    expect(written).toEqual({ digest: sha256(fresh), size: fresh.length, existed: false })
  })

  it('ends when its signal fires, though its source hangs; and the ref is free again', async () => {
    const { content } = containerd.client
    const abort = new AbortController()
    async function* hanging() {
      yield randomBytes(600_000)
      await new Promise(() => undefined)
    }
    const hung = content.write(hanging(), { ref: 'hung' }, { signal: abort.signal })
    await until(async () => (await content.statuses()).length === 1)
    abort.abort()
    await expect(hung).rejects.toMatchObject({ code: 'aborted', op: 'containerd.content.write' })
    const bytes = Buffer.from('after the hang')
    expect(await content.write(inChunks(bytes, 99), { ref: 'hung', labels })).toMatchObject({ existed: false })
  })

  it('of a ref that another one writes is unavailable, and leaves that one alone', async () => {
    const { content } = containerd.client
    let finish = () => undefined as unknown
    async function* slow() {
      yield randomBytes(600_000)
      await new Promise((resolve) => {
        finish = () => resolve(undefined)
      })
    }
    const first = content.write(slow(), { ref: 'busy', labels })
    await until(async () => (await content.statuses()).some(({ ref }) => ref === 'busy'))
    const second = content.write(inChunks(Buffer.from('mine'), 9), { ref: 'busy' })
    await expect(second).rejects.toMatchObject({ code: 'unavailable', details: { answered: true } })
    finish()
    expect(await first).toMatchObject({ size: 600_000, existed: false })
  })
})

describe('the store', () => {
  it('reads ranges, and at most what is asked for at once', async () => {
    const { content } = containerd.client
    const bytes = randomBytes(3_000_000)
    const { digest } = await content.write(inChunks(bytes, 1 << 20), { ref: 'ranges', labels })
    const middle = await everything(content.read(digest, { offset: 1_000_000, size: 1_234_567 }))
    expect(middle.equals(bytes.subarray(1_000_000, 2_234_567))).toBe(true)
    expect((await everything(content.read(digest, { offset: 2_999_999 }))).equals(bytes.subarray(2_999_999))).toBe(true)
    expect(await everything(content.read(digest, { size: 0 }))).toHaveLength(0)
    expect((await content.readAll(digest, 3_000_000)).equals(bytes)).toBe(true)
    await expect(content.readAll(digest, 2_999_999)).rejects.toMatchObject({ code: 'invalid-argument' })
    const past = everything(content.read(digest, { offset: 3_000_001 }))
    await expect(past).rejects.toMatchObject({ code: 'invalid-argument', op: 'containerd.content.read' })
  })

  it('stops a read that is left early', async () => {
    const { content } = containerd.client
    const { digest } = await content.write(inChunks(randomBytes(8_000_000), 1 << 20), { ref: 'early', labels })
    for await (const chunk of content.read(digest)) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    expect(await content.info(digest)).toMatchObject({ size: 8_000_000 })
  })

  it('lists, relabels and deletes blobs', async () => {
    const { content } = containerd.client
    const { digest } = await content.write(inChunks(Buffer.from('labelled'), 9), {
      ref: 'l',
      labels: { ...labels, a: '1' },
    })
    await content.update(digest, { b: '2' }, ['labels.b'])
    const found: unknown[] = []
    for await (const info of content.list(['labels.b==2'])) found.push([info.digest, info.labels])
    expect(found).toEqual([[digest, { ...labels, a: '1', b: '2' }]])
    expect((await content.update(digest, { only: 'this' })).labels).toEqual({ only: 'this' })
    await content.delete(digest)
    await expect(content.delete(digest)).rejects.toMatchObject({ code: 'not-found', subject: digest })
    await expect(content.readAll(digest, 10)).rejects.toMatchObject({ code: 'not-found' })
    await expect(content.abort('none')).rejects.toMatchObject({ code: 'not-found' })
  })
})

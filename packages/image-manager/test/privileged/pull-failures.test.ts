import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { Image, Progress, PullOptions } from '../../src/index.js'
import { inventory, nothing } from '../fixtures/containerd.js'
import { startFront } from '../fixtures/front.js'
import type { Blob } from '../fixtures/images.js'
import { asks, begin, repository, send, usePullBed } from '../fixtures/pull-bed.js'

const bed = usePullBed()

// Half of a blob, and then the connection is cut.
const cut = (answer: ServerResponse, body: Uint8Array) => begin(answer, body, body.length / 2, () => answer.destroy())

describe('a registry that fails', () => {
  it('has what is missing said in Docker’s words', async () => {
    await expect(bed.images.pull(`${bed.front.host}/${repository}:none`)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/^manifest for .*team\/app:none not found: manifest unknown: manifest unknown$/),
    })
  })

  it('is asked for the rest when it breaks off', async () => {
    let cuts = 0
    bed.front.behave((asked, answer) =>
      asks(asked, bed.layer(1)) && cuts++ === 0 ? cut(answer, bed.layer(1).bytes) : false,
    )
    expect((await bed.images.pull(bed.name)).id).toBe(bed.image.config.digest)
    const ranges = bed.requestsOf(bed.layer(1)).map((each) => each.headers.range)
    expect(ranges).toHaveLength(2)
    expect(ranges[0]).toBeUndefined()
    expect(Number(/^bytes=(\d+)-$/.exec(ranges[1] ?? '')?.[1])).toBeGreaterThan(0)
  })

  it('may send all of it again', async () => {
    let cuts = 0
    bed.front.behave((asked, answer) => {
      if (!asks(asked, bed.layer(1))) return false
      return cuts++ === 0 ? cut(answer, bed.layer(1).bytes) : send(answer, bed.layer(1).bytes)
    })
    expect((await bed.images.pull(bed.name)).id).toBe(bed.image.config.digest)
    expect(bed.requestsOf(bed.layer(1))).toHaveLength(2)
  })

  it('may be busy for a while', async () => {
    let refusals = 0
    bed.front.behave((asked, answer) => {
      if (asked.url?.includes('/team/') !== true || refusals >= 3) return false
      refusals += 1
      return send(answer, Buffer.from('busy'), refusals === 2 ? 429 : 503, { 'retry-after': '0' })
    })
    expect((await bed.images.pull(bed.name)).id).toBe(bed.image.config.digest)
  })

  it('is given up after five tries', async () => {
    bed.front.behave((asked, answer) =>
      asks(asked, bed.layer(0)) ? send(answer, Buffer.from('out of order'), 500) : false,
    )
    await expect(bed.images.pull(bed.name)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('out of order'),
    })
    expect(bed.requestsOf(bed.layer(0))).toHaveLength(5)
    expect(await inventory(bed.containerd.client)).toEqual(nothing)
  })

  it('is given up when it is silent', async () => {
    const hasty = bed.manager({ retryMs: 1, silenceMs: 100 })
    bed.front.behave((asked) => asks(asked, bed.layer(0)))
    await expect(hasty.pull(bed.name)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('silent for 100 ms'),
    })
    expect(await inventory(bed.containerd.client)).toEqual(nothing)
  })

  it('is told of at once when it is not there', async () => {
    const gone = await startFront(bed.registry.host)
    await gone.stop()
    await expect(bed.images.pull(`${gone.host}/x`)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(gone.host),
    })
  })

  it('cannot pass off other bytes as a layer', async () => {
    const other = Buffer.from(bed.layer(1).bytes)
    other[1000] = (other[1000] ?? 0) ^ 1
    bed.front.behave((asked, answer) => (asks(asked, bed.layer(1)) ? send(answer, other) : false))
    await expect(bed.images.pull(bed.name)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(bed.layer(1).digest),
    })
    expect(await inventory(bed.containerd.client)).toEqual(nothing)
  })

  it('cannot send more than a layer has', async () => {
    bed.front.behave((asked, answer) =>
      asks(asked, bed.layer(2)) ? send(answer, Buffer.concat([bed.layer(2).bytes, Buffer.alloc(10)])) : false,
    )
    await expect(bed.images.pull(bed.name)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('sends more than'),
    })
  })

  it('cannot pass off another manifest, configuration or endless document', async () => {
    const isManifest = (asked: IncomingMessage) => asked.url?.includes('/manifests/') === true
    bed.front.behave((asked, answer) => isManifest(asked) && send(answer, Buffer.from('{}')))
    await expect(bed.images.pull(`${bed.front.host}/${repository}@${bed.pushed.digest}`)).rejects.toMatchObject({
      code: 'corrupt',
    })
    bed.front.behave((asked, answer) => isManifest(asked) && send(answer, Buffer.alloc(4 * 1024 * 1024 + 1)))
    await expect(bed.images.pull(bed.name)).rejects.toMatchObject({ code: 'exhausted' })
    bed.front.behave(
      (asked, answer) => asks(asked, bed.image.config) && send(answer, Buffer.alloc(bed.image.config.bytes.length, 32)),
    )
    await expect(bed.images.pull(bed.name)).rejects.toMatchObject({ code: 'corrupt' })
    bed.front.behave(
      (asked, answer) => isManifest(asked) && send(answer, Buffer.from('<html>'), 200, { 'content-type': 'text/html' }),
    )
    await expect(bed.images.pull(bed.name)).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(await inventory(bed.containerd.client)).toEqual(nothing)
  })
})

describe('a pull that is ended midway', () => {
  // The first time that it is asked for, a layer stops coming after so many bytes.
  const stallOnce = (bytes: number) => {
    let answered = false
    return new Promise<void>((resolve) => {
      bed.front.behave((asked, answer) => {
        if (!asks(asked, bed.layer(1)) || answered) return false
        answered = true
        return begin(answer, bed.layer(1).bytes, bytes, resolve)
      })
    })
  }

  // A pull, and the moment from which on it has a layer.
  const pullUntil = (layer: Blob, options: PullOptions = {}): readonly [Promise<Image>, Promise<void>] => {
    let has: () => void = () => undefined
    const hasLayer = new Promise<void>((resolve) => {
      has = resolve
    })
    const id = layer.digest.slice('sha256:'.length).slice(0, 12)
    const onProgress = (step: Progress) => {
      if (step.id === id && (step.status === 'Download complete' || step.status === 'Already exists')) has()
    }
    return [bed.images.pull(bed.name, { ...options, onProgress }), hasLayer]
  }

  it('leaves nothing', async () => {
    const ending = new AbortController()
    const stalled = stallOnce(1_000_000)
    const [pulling, hasLayer] = pullUntil(bed.layer(0), { signal: ending.signal })
    await Promise.all([stalled, hasLayer])
    ending.abort()
    await expect(pulling).rejects.toMatchObject({ code: 'aborted' })
    expect(await inventory(bed.containerd.client)).toEqual(nothing)
  })

  it('does not disturb another one of the same image', async () => {
    const ending = new AbortController()
    const stalled = stallOnce(1000)
    const [first, firstHas] = pullUntil(bed.layer(0), { signal: ending.signal })
    await Promise.all([stalled, firstHas])
    const [second, secondHas] = pullUntil(bed.layer(0))
    await secondHas
    ending.abort()
    await expect(first).rejects.toMatchObject({ code: 'aborted' })
    expect((await second).id).toBe(bed.image.config.digest)
    expect(bed.requestsOf(bed.layer(0))).toHaveLength(1)
  })
})

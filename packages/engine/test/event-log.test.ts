import { describe, expect, it } from 'vitest'
import type { EngineEvent } from '../src/engine-event.js'
import { EventLog, keptEvents } from '../src/event-log.js'

const event = (subject: string) => ({ type: 'volume' as const, action: 'create', subject, attributes: {} })

async function collect(events: AsyncIterable<EngineEvent>): Promise<string[]> {
  const subjects: string[] = []
  for await (const { subject } of events) subjects.push(subject)
  return subjects
}

describe('EventLog', () => {
  it('gives what comes after the reader, in order, until the signal', async () => {
    const log = new EventLog()
    log.append(event('before'))
    const stop = new AbortController()
    const reading = collect(log.read({ signal: stop.signal }))
    log.append(event('a'))
    log.append(event('b'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(log.readers).toBe(1)
    stop.abort()
    expect(await reading).toEqual(['a', 'b'])
    expect(log.readers).toBe(0)
  })

  it('misses nothing that comes between the call and the first look', async () => {
    const log = new EventLog()
    const stop = new AbortController()
    const events = log.read({ signal: stop.signal })
    log.append(event('early'))
    stop.abort()
    expect(await collect(events)).toEqual(['early'])
  })

  it('gives every event a time of its own, however fast they come and whatever the clock does', async () => {
    const times = [1000, 1000, 1000.0005, 5, 2000]
    const log = new EventLog(() => times.shift() ?? 3000)
    for (const name of ['a', 'b', 'c', 'd', 'e']) log.append(event(name))
    const seen: bigint[] = []
    for await (const { timeNs } of log.read({ sinceNs: 0n, untilNs: 3_000_000_000n })) seen.push(timeNs)
    expect(seen).toEqual([1_000_000_000n, 1_000_000_001n, 1_000_000_002n, 1_000_000_003n, 2_000_000_000n])
  })

  it('replays a range of what it keeps, and keeps only the last', async () => {
    let nowMs = 0
    const log = new EventLog(() => nowMs)
    for (nowMs = 1; nowMs <= 300; nowMs += 1) log.append(event(String(nowMs)))
    const all = await collect(log.read({ sinceNs: 0n, untilNs: 1n }))
    expect(all).toEqual([])
    const kept = await collect(log.read({ sinceNs: 0n, untilNs: 300_000_000n }))
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([keptEvents, '45', '300'])
    expect(await collect(log.read({ sinceNs: 100_000_000n, untilNs: 102_000_000n }))).toEqual(['100', '101', '102'])
  })

  it('ends at a time that is to come', async () => {
    const log = new EventLog()
    const reading = collect(log.read({ untilNs: BigInt(Date.now() + 50) * 1_000_000n }))
    log.append(event('in time'))
    expect(await reading).toEqual(['in time'])
    expect(log.readers).toBe(0)
  })

  it('cuts off a reader that is too slow, and only that one', async () => {
    const log = new EventLog()
    const slow = log.read()[Symbol.asyncIterator]()
    const stop = new AbortController()
    const quick = log.read({ signal: stop.signal })[Symbol.asyncIterator]()
    for (let index = 0; index < 16_385; index += 1) {
      log.append(event(String(index)))
      expect((await quick.next()).value?.subject).toBe(String(index))
    }
    expect(log.readers).toBe(1)
    for (let index = 0; index < 16_384; index += 1) await slow.next()
    await expect(slow.next()).rejects.toMatchObject({ code: 'exhausted' })
    stop.abort()
  })

  it('ends every reader when it is closed, and those who come later', async () => {
    const log = new EventLog()
    const reading = collect(log.read())
    log.close()
    expect(await reading).toEqual([])
    expect(await collect(log.read())).toEqual([])
  })

  it('lets go of a reader that stops by itself', async () => {
    const log = new EventLog()
    const events = log.read()
    log.append(event('a'))
    for await (const _ of events) break
    expect(log.readers).toBe(0)
  })
})

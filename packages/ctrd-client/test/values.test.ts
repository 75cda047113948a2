import { describe, expect, it } from 'vitest'
import { bytePieces } from '../src/byte-pieces.js'
import { fromWireDescriptor, toWireDescriptor } from '../src/descriptor.js'
import { TaskDelete, TaskExecStarted, TaskExit, TaskOOM } from '../src/gen/task_events.js'
import { Descriptor } from '../src/gen/types.js'
import {
  decodeJsonAny,
  decodeRuncOptions,
  decodeTaskEvent,
  encodeJsonAny,
  encodeRuncOptions,
  typeUrls,
} from '../src/index.js'
import { toRfc3339 } from '../src/timestamp.js'

describe('timestamps', () => {
  it.each([
    [1_700_000_000n, 0, '2023-11-14T22:13:20Z'],
    [1_700_000_000n, 1, '2023-11-14T22:13:20.000000001Z'],
    [1_700_000_000n, 120_000_000, '2023-11-14T22:13:20.12Z'],
    [-1n, 999_999_999, '1969-12-31T23:59:59.999999999Z'],
  ])('of %s s and %s ns keep every digit', (seconds, nanos, text) => {
    expect(toRfc3339({ seconds, nanos })).toBe(text)
  })

  it('are undefined where containerd has none: absent, zero, and the zero of Go', () => {
    expect(toRfc3339(undefined)).toBeUndefined()
    expect(toRfc3339({ seconds: 0n, nanos: 0 })).toBeUndefined()
    expect(toRfc3339({ seconds: -62135596800n, nanos: 0 })).toBeUndefined()
  })
})

describe('sizes', () => {
  const descriptor = { mediaType: 'm', digest: 'sha256:x', size: Number.MAX_SAFE_INTEGER }

  it('survive the wire up to the largest safe number', () => {
    expect(fromWireDescriptor(Descriptor.decode(Descriptor.encode(toWireDescriptor(descriptor)).finish()))).toEqual(
      descriptor,
    )
  })

  it('that are larger, negative or no whole number are refused, not rounded', () => {
    expect(() => fromWireDescriptor({ size: 2n ** 53n })).toThrow(expect.objectContaining({ code: 'corrupt' }))
    for (const size of [-1, 0.5, Number.NaN, 2 ** 53]) {
      const refused = expect.objectContaining({ code: 'invalid-argument' })
      expect(() => toWireDescriptor({ ...descriptor, size })).toThrow(refused)
    }
  })
})

describe('values with a type', () => {
  it('of JSON come back', () => {
    const any = encodeJsonAny(typeUrls.spec, { hostname: 'größe', list: [1] })
    expect(any.typeUrl).toBe('types.containerd.io/opencontainers/runtime-spec/1/Spec')
    expect(decodeJsonAny(any)).toEqual({ hostname: 'größe', list: [1] })
  })

  it('without a JSON form, or that are not JSON, are refused', () => {
    const refused = expect.objectContaining({ code: 'invalid-argument', subject: 'x' })
    expect(() => encodeJsonAny('x', undefined)).toThrow(refused)
    expect(() => encodeJsonAny('x', { n: 1n })).toThrow(refused)
    expect(() => decodeJsonAny({ typeUrl: 'x', value: Buffer.from('{') })).toThrow(
      expect.objectContaining({ code: 'corrupt' }),
    )
  })

  it('of runc have the field numbers of its shim', () => {
    const any = encodeRuncOptions({ noPivotRoot: true, ioUid: 1, binaryName: 'r', root: '/r', systemdCgroup: true })
    expect(any.typeUrl).toBe('containerd.runc.v1.Options')
    const wire = '0801' + '2001' + '320172' + '3a022f72' + '4801'
    expect(Buffer.from(any.value).toString('hex')).toBe(wire)
    expect(decodeRuncOptions(any)).toMatchObject({ binaryName: 'r', root: '/r', systemdCgroup: true, ioUid: 1 })
  })
})

describe('events of tasks', () => {
  const envelope = (topic: string, value: Uint8Array) => {
    return { timestamp: '', namespace: 'n', topic, event: { typeUrl: 'x', value } }
  }
  const exitedAt = { seconds: 1_700_000_000n, nanos: 5 }

  it('are decoded by their topic', () => {
    const exit = TaskExit.encode({ containerId: 'c', id: 'e', pid: 7, exitStatus: 137, exitedAt }).finish()
    expect(decodeTaskEvent(envelope('/tasks/exit', exit))).toEqual({
      topic: '/tasks/exit',
      containerId: 'c',
      id: 'e',
      pid: 7,
      exitStatus: 137,
      exitedAt: '2023-11-14T22:13:20.000000005Z',
    })
    const gone = TaskDelete.encode({ containerId: 'c', pid: 7 }).finish()
    expect(decodeTaskEvent(envelope('/tasks/delete', gone))).toMatchObject({ id: 'c', exitStatus: 0, exitedAt: '' })
    const oom = TaskOOM.encode({ containerId: 'c' }).finish()
    expect(decodeTaskEvent(envelope('/tasks/oom', oom))).toEqual({ topic: '/tasks/oom', containerId: 'c' })
    const started = TaskExecStarted.encode({ containerId: 'c', execId: 'e', pid: 8 }).finish()
    expect(decodeTaskEvent(envelope('/tasks/exec-started', started))).toMatchObject({ execId: 'e', pid: 8 })
    expect(decodeTaskEvent(envelope('/images/create', exit))).toBeUndefined()
  })
})

describe('pieces', () => {
  it.each([
    [[], 4, []],
    [[1, 1, 1], 4, [3]],
    [[1, 1, 1, 1, 1], 2, [2, 2, 1]],
    [[9], 4, [4, 4, 1]],
    [[3, 0, 3], 4, [4, 2]],
  ])('of chunks of %j with %s bytes each have %j', async (chunks, bytes, sizes) => {
    let next = 0
    async function* source() {
      for (const size of chunks) yield Buffer.from(Array.from({ length: size }, () => next++))
    }
    const pieces: Buffer[] = []
    for await (const piece of bytePieces(source(), bytes)) pieces.push(piece)
    expect(pieces.map(({ length }) => length)).toEqual(sizes)
    expect([...Buffer.concat(pieces)]).toEqual(Array.from({ length: next }, (_, index) => index))
  })
})

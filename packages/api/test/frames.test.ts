import { describe, expect, it } from 'vitest'
import { encodeFrame, FrameDecoder, frameHeader } from '../src/index.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const wire = (...frames: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(frames))

function decodeIn(pieceBytes: number, input: Uint8Array): string[] {
  const decoder = new FrameDecoder()
  const seen: string[] = []
  for (let at = 0; at < input.byteLength; at += pieceBytes) {
    for (const { stream, data } of decoder.decode(input.subarray(at, at + pieceBytes))) {
      const text = Buffer.from(data).toString()
      const last = seen.at(-1)
      if (last?.startsWith(`${stream}:`)) seen[seen.length - 1] = last + text
      else seen.push(`${stream}:${text}`)
    }
  }
  decoder.end()
  return seen
}

describe('frames', () => {
  it('have the header that Docker documents', () => {
    expect([...encodeFrame('stderr', bytes('ab'))]).toEqual([2, 0, 0, 0, 0, 0, 0, 2, 97, 98])
    expect([...frameHeader('stdout', 0x0102_0304)]).toEqual([1, 0, 0, 0, 1, 2, 3, 4])
    expect(() => frameHeader('stdout', 2 ** 32)).toThrow(RangeError)
  })

  it.each([1, 2, 7, 8, 9, 1000])('are the same whether they come in pieces of %i', (size) => {
    const input = wire(
      encodeFrame('stdout', bytes('one')),
      encodeFrame('stderr', bytes('')),
      encodeFrame('stderr', bytes('two')),
      encodeFrame('stdout', bytes('three')),
    )
    expect(decodeIn(size, input)).toEqual(['stdout:one', 'stderr:two', 'stdout:three'])
  })

  it('hand a long payload on without holding it', () => {
    const decoder = new FrameDecoder()
    expect([...decoder.decode(frameHeader('stdout', 50_000_000))]).toEqual([])
    const piece = new Uint8Array(16)
    const [part] = decoder.decode(piece)
    expect(part?.data.buffer).toBe(piece.buffer)
  })

  it.each([
    ['an unknown stream', [4, 0, 0, 0, 0, 0, 0, 1]],
    ['padding that is not zero', [1, 0, 0, 7, 0, 0, 0, 1]],
    ['a length beyond the bound', [1, 0, 0, 0, 255, 255, 255, 255]],
  ])('are refused with %s', (_, header) => {
    const decode = () => [...new FrameDecoder().decode(Uint8Array.from(header))]
    expect(decode).toThrow(expect.objectContaining({ code: 'corrupt' }))
  })

  it('that break off midway are an error', () => {
    const decoder = new FrameDecoder()
    expect([...decoder.decode(encodeFrame('stdout', bytes('abc')).subarray(0, 10))]).toHaveLength(1)
    expect(() => decoder.end()).toThrow(expect.objectContaining({ code: 'unavailable' }))
    const header = new FrameDecoder()
    expect([...header.decode(Uint8Array.of(1, 0))]).toEqual([])
    expect(() => header.end()).toThrow()
  })
})

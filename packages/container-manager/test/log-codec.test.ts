import { describe, expect, it } from 'vitest'
import { decodeEntry, encodeEntries, loggableBytes, maxEntryBytes, nanoTime } from '../src/logs/log-codec.js'

const time = '2026-11-21T10:00:00.000Z'

function roundTrip(bytes: Buffer): { lines: string[]; partial: boolean[] } {
  const text = encodeEntries(bytes, 'stderr', time)
  expect(text.endsWith('\n')).toBe(true)
  const entries = text.slice(0, -1).split('\n').map(decodeEntry)
  for (const entry of entries) expect([entry.stream, entry.time]).toEqual(['stderr', '2026-11-21T10:00:00.000000000Z'])
  return {
    lines: entries.map(({ line }) => Buffer.from(line).toString()),
    partial: entries.map(({ partial }) => partial),
  }
}

describe('json-file entries', () => {
  it('are what Docker writes', () => {
    expect(encodeEntries(Buffer.from('a "b" \\\n'), 'stdout', time)).toBe(
      `{"log":"a \\"b\\" \\\\\\n","stream":"stdout","time":"${time}"}\n`,
    )
    expect(encodeEntries(Buffer.from('plain\n\n'), 'stdout', time)).toBe(
      `{"log":"plain\\n","stream":"stdout","time":"${time}"}\n{"log":"\\n","stream":"stdout","time":"${time}"}\n`,
    )
  })

  it('keep every line, also those that look like JSON themselves', () => {
    const lines = [
      'x",',
      '","',
      ',',
      '"',
      '\\',
      '",\\n "',
      '',
      'é€😀',
      '\u2028',
      '{"log":"x"}',
      'tab\there',
      '\u0007',
      '["',
      '"]',
    ]
    for (const order of [lines, [...lines].reverse(), ...lines.map((line) => [line, line])]) {
      expect(roundTrip(Buffer.from(order.map((line) => `${line}\n`).join(''))).lines).toEqual(
        order.map((line) => `${line}\n`),
      )
    }
  })

  it('split a long line at characters, and mark all parts but the last', () => {
    const line = `${'€'.repeat(maxEntryBytes)}end\n`
    const { lines, partial } = roundTrip(Buffer.from(`short\n${line}short\n`))
    expect(lines.join('')).toBe(`short\n${line}short\n`)
    expect(lines.every((part) => Buffer.byteLength(part) <= maxEntryBytes)).toBe(true)
    expect(partial).toEqual([false, true, true, true, false, false])
  })

  it('keep an exact fit in one piece', () => {
    const line = `${'x'.repeat(maxEntryBytes - 1)}\n`
    expect(roundTrip(Buffer.from(line + line)).lines).toEqual([line, line])
  })
})

describe('what can be logged now', () => {
  it('is whole lines, and parts of a line that is too long to wait for', () => {
    expect(loggableBytes(Buffer.from('one\ntwo\nthr'), false)).toBe(8)
    expect(loggableBytes(Buffer.from('no end'), false)).toBe(0)
    expect(loggableBytes(Buffer.from('no end'), true)).toBe(6)
    expect(loggableBytes(Buffer.alloc(2 * maxEntryBytes + 5, 'x'), false)).toBe(2 * maxEntryBytes)
    expect(loggableBytes(Buffer.concat([Buffer.from('a\n'), Buffer.alloc(maxEntryBytes + 1, 'x')]), false)).toBe(
      2 + maxEntryBytes,
    )
  })
})

describe('times', () => {
  it('have nine digits', () => {
    expect([
      nanoTime('2026-01-01T00:00:00Z'),
      nanoTime('2026-01-01T00:00:00.12Z'),
      nanoTime('2026-01-01T00:00:00.1234567891Z'),
    ]).toEqual(['2026-01-01T00:00:00.000000000Z', '2026-01-01T00:00:00.120000000Z', '2026-01-01T00:00:00.123456789Z'])
  })
})

import { PouchError } from '@pouch/errors'
import { describe, expect, it } from 'vitest'
import { formatBytes, parseBytes } from '../src/index.js'

const MiB = 1024 * 1024
const GiB = 1024 * MiB

function refusal(text: string | number): PouchError {
  try {
    parseBytes(text)
  } catch (error) {
    if (error instanceof PouchError) return error
  }
  throw new Error(`${text} was taken`)
}

describe('parseBytes', () => {
  it.each([
    ['1', 1],
    ['4096', 4096],
    ['4096b', 4096],
    ['4096B', 4096],
    ['1k', 1024],
    ['1K', 1024],
    ['1kb', 1024],
    ['1KiB', 1024],
    ['512m', 512 * MiB],
    ['512MiB', 512 * MiB],
    ['10g', 10 * GiB],
    ['10G', 10 * GiB],
    ['10GB', 10 * GiB],
    ['10 GB', 10 * GiB],
    ['1.5G', 1.5 * GiB],
    ['1.5GiB', 1.5 * GiB],
    ['0.5k', 512],
    ['2t', 2 * 1024 * GiB],
    ['1p', 1024 ** 5],
    ['007', 7],
    [' 64m ', 64 * MiB],
  ])('%j is %d bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes)
  })

  it('rounds a fraction of a byte down', () => {
    expect(parseBytes('2.2g')).toBe(2362232012)
    expect(parseBytes('1.1k')).toBe(1126)
  })

  it('takes a number of bytes as it is', () => {
    expect(parseBytes(67108864)).toBe(67108864)
    expect(parseBytes(Number.MAX_SAFE_INTEGER)).toBe(9007199254740991)
  })

  it.each([
    '',
    ' ',
    'g',
    'ten',
    '10x',
    '10gg',
    '10ib',
    '1.',
    '.5g',
    '1,5g',
    '1e3',
    '0x10',
    '-1',
    '-5g',
    '+1',
    '10g;',
    'NaN',
    '١٠',
  ])('refuses %j', (text) => {
    const error = refusal(text)
    expect(error.code).toBe('invalid-argument')
    expect(error.message).toContain(`'${text}'`)
  })

  it.each(['0', '0g', '0.0001k', 0])('refuses %j: a size is at least one byte', (text) => {
    expect(refusal(text)).toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('at least one byte'),
    })
  })

  it.each(['9e', '8192p', '9007199254740992', '9'.repeat(400), Number.POSITIVE_INFINITY, 2 ** 53])(
    'refuses what overflows (%#)',
    (text) => {
      expect(refusal(text)).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining('larger') })
    },
  )

  it.each([-1, 1.5, Number.NaN])('refuses the number %d', (bytes) => {
    expect(refusal(bytes).code).toBe('invalid-argument')
  })
})

describe('formatBytes', () => {
  it.each([
    [0, '0B'],
    [17, '17B'],
    [1023, '1023B'],
    [1024, '1KiB'],
    [1536, '1.5KiB'],
    [64 * MiB, '64MiB'],
    [1.5 * GiB, '1.5GiB'],
    [1234567, '1.18MiB'],
    [9007199254740991, '8PiB'],
  ])('%d is printed as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it('moves to the next unit when rounding reaches it', () => {
    expect(formatBytes(MiB - 1)).toBe('1MiB')
    expect(formatBytes(GiB - 1)).toBe('1GiB')
  })

  it('keeps as many decimals as are asked for', () => {
    expect(formatBytes(1234567, 0)).toBe('1MiB')
    expect(formatBytes(1234567, 4)).toBe('1.1774MiB')
  })
})

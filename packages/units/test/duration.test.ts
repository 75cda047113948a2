import { describe, expect, it } from 'vitest'
import { durationInWords, formatDuration, parseDuration } from '../src/index.js'

describe('parseDuration', () => {
  it.each([
    ['0', 0],
    ['-0', 0],
    ['10s', 10_000],
    ['1h30m', 5_400_000],
    ['1.5m', 90_000],
    ['250ms', 250],
    ['1h0m0.5s', 3_600_500],
    ['.5s', 500],
    ['1.s', 1000],
    ['-2m', -120_000],
    ['+2m', 120_000],
    ['100us', 0.1],
    ['100µs', 0.1],
    ['100μs', 0.1],
    [' 5s ', 5000],
  ])('%j is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9)
  })

  it.each(['', 's', '10', '1.5', '10 s', '1h 30m', '10d', 's10', '--1s', '1e3s', '1..5s', 'ten seconds'])(
    'refuses %j',
    (text) => {
      expect(() => parseDuration(text)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(`'${text}'`) }),
      )
    },
  )

  it('refuses more than 292 years', () => {
    expect(parseDuration('2562047h')).toBe(2562047 * 3_600_000)
    for (const text of ['2562048h', `${'9'.repeat(400)}h`]) {
      expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    }
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [-0, '0s'],
    [1e-6, '1ns'],
    [0.0005, '500ns'],
    [0.0015, '1.5µs'],
    [250, '250ms'],
    [1.5, '1.5ms'],
    [1500, '1.5s'],
    [60_000, '1m0s'],
    [90_000, '1m30s'],
    [3_600_000, '1h0m0s'],
    [5_400_500, '1h30m0.5s'],
    [-5000, '-5s'],
    [59_999.9999999, '1m0s'],
    [100 * 3_600_000, '100h0m0s'],
  ])('%d ms is printed as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

describe('durationInWords', () => {
  it.each([
    [-5000, 'Less than a second'],
    [500, 'Less than a second'],
    [1000, '1 second'],
    [59_000, '59 seconds'],
    [60_000, 'About a minute'],
    [3_000_000, '50 minutes'],
    [3_600_000, 'About an hour'],
    [89 * 60_000, 'About an hour'],
    [90 * 60_000, '2 hours'],
    [10 * 3_600_000, '10 hours'],
    [72 * 3_600_000, '3 days'],
    [21 * 86_400_000, '3 weeks'],
    [90 * 86_400_000, '3 months'],
    [3 * 365 * 86_400_000, '3 years'],
  ])('%d ms is %j', (ms, text) => expect(durationInWords(ms)).toBe(text))
})

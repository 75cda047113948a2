import { hasCode } from '@pouch/errors'
import { storeLimits } from '@pouch/store'
import { describe, expect, it } from 'vitest'
import { anonymousName, checkVolumeName, keyOfVolume } from '../src/names.js'

describe('a volume name', () => {
  it.each(['ab', 'a0', '0_', 'A.b-c_D', 'n'.repeat(255), 'con', '1.', 'metadata.db'])('may be %s', (name) => {
    expect(() => checkVolumeName(name, 'create')).not.toThrow()
  })

  it.each([
    '',
    'x',
    '.hidden',
    '_data',
    '-ab',
    ' ab',
    'ab ',
    'a/b',
    '../up',
    'a\\b',
    'a%2fb',
    'a\0b',
    'ab\n',
    'ä0',
    'a:b',
    'n'.repeat(256),
    'n'.repeat(300),
    7,
    undefined,
    null,
    {},
  ])('may not be %j', (name) => {
    expect(() => checkVolumeName(name, 'create')).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('is refused in the words that the clients of Docker know', () => {
    expect(() => checkVolumeName('x', 'create')).toThrow(
      'create x: volume name is too short, names should be at least two alphanumeric characters',
    )
    expect(() => checkVolumeName('a/b', 'create')).toThrow(
      'create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. ' +
        'If you intended to pass a host directory, use absolute path',
    )
  })

  it('does not put control characters, or all of an endless name, into the error', () => {
    const error = (() => {
      try {
        checkVolumeName(`a\u001b[2J${'n'.repeat(5000)}`, 'create')
      } catch (thrown) {
        return thrown
      }
    })()
    if (!hasCode(error, 'invalid-argument')) throw new Error('it was not refused')
    expect(error.message).not.toContain('\u001b')
    expect(error.message.length).toBeLessThan(1000)
  })

  it('is 64 hex digits when it is made up, another each time', () => {
    expect(anonymousName()).toMatch(/^[0-9a-f]{64}$/)
    expect(anonymousName()).not.toBe(anonymousName())
  })
})

describe('the key of a volume', () => {
  it('is short enough for a store, whatever the name, and no two names share one', () => {
    const names = ['ab', 'n'.repeat(200), 'n'.repeat(201), `${'n'.repeat(254)}1`, `${'n'.repeat(254)}2`]
    const keys = names.map(keyOfVolume)
    expect(new Set(keys).size).toBe(names.length)
    for (const key of keys) expect(Buffer.byteLength(key)).toBeLessThanOrEqual(storeLimits.keyBytes)
    expect(keys[0]).toBe('volume/ab')
  })
})

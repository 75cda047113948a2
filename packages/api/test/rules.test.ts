import { errorCodes, PouchError } from '@pouch/errors'
import { describe, expect, it } from 'vitest'
import {
  assertFilterKeys,
  assertVersion,
  booleanFilter,
  buildPath,
  codeOfStatus,
  compareVersions,
  DetachScanner,
  encodeFilters,
  encodeQuery,
  errorOfProgress,
  matchesLabels,
  negotiateVersion,
  parseBoolQuery,
  parseDetachKeys,
  parseFilters,
  parseIntQuery,
  parseMapQuery,
  parseTail,
  parseTimestampQuery,
  progressError,
  splitVersion,
  statusOfCode,
} from '../src/index.js'

const invalid = expect.objectContaining({ code: 'invalid-argument' })

describe('statuses', () => {
  it('exist for every code, and lead back to a code of the same status', () => {
    expect(Object.keys(statusOfCode).sort()).toEqual([...errorCodes].sort())
    for (const code of errorCodes)
      if (code !== 'aborted') expect(statusOfCode[codeOfStatus(statusOfCode[code])]).toBe(statusOfCode[code])
  })

  it.each([
    [418, 'invalid-argument'],
    [429, 'unavailable'],
    [599, 'internal'],
  ])('%i without a code is %s', (status, code) => expect(codeOfStatus(status)).toBe(code))

  it('travel in the last message of a progress stream', () => {
    const message = progressError(new PouchError('not-found', 'no such tag'))
    expect(message).toEqual({ error: 'no such tag', errorDetail: { code: 404, message: 'no such tag' } })
    expect(errorOfProgress(message, 'image.pull')).toMatchObject({
      code: 'not-found',
      message: 'no such tag',
      op: 'image.pull',
    })
    expect(errorOfProgress({ error: 'x', errorDetail: { code: 1, message: 'x' } }, 'op')?.code).toBe('internal')
    expect(errorOfProgress({ status: 'fine' }, 'op')).toBeUndefined()
  })
})

describe('versions', () => {
  it.each([
    ['1.9', '1.24', -1],
    ['1.43', '1.43.0', 0],
    ['1.100', '1.43', 1],
    ['2', '1.99', 1],
  ])('%s and %s', (a, b, sign) => expect(Math.sign(compareVersions(a, b))).toBe(sign))

  it.each([
    ['/v1.41/info?x=1', '1.41', '/info?x=1'],
    ['/v1/x', '1', '/x'],
    ['/v1.41', '1.41', '/'],
    ['/info', undefined, '/info'],
    ['/vfoo/x', undefined, '/vfoo/x'],
    ['/volumes', undefined, '/volumes'],
  ])('%s is version %s of %s', (url, version, path) => expect(splitVersion(url)).toEqual({ version, path }))

  it.each(['1.24', '1.43', '1.30'])('%s is spoken', (version) => expect(() => assertVersion(version)).not.toThrow())
  it.each([
    ['1.23', 'too old. Minimum supported API version is 1.24'],
    ['1.44', 'too new. Maximum supported API version is 1.43'],
    ['1.43.1', 'too new'],
    ['1', 'too old'],
  ])('%s is %s', (version, text) => expect(() => assertVersion(version)).toThrow(text))

  it('are negotiated to the older one', () => {
    expect([
      negotiateVersion('1.41'),
      negotiateVersion('1.99'),
      negotiateVersion(undefined),
      negotiateVersion('junk'),
    ]).toEqual(['1.41', '1.43', '1.24', '1.24'])
    expect(() => negotiateVersion('1.12')).toThrow(expect.objectContaining({ code: 'unsupported' }))
  })
})

describe('filters', () => {
  it.each([
    ['{"label":["a","b=c"]}', { label: ['a', 'b=c'] }],
    ['{"label":{"a":true,"b=c":true,"off":false}}', { label: ['a', 'b=c'] }],
    ['{"name":[]}', { name: [] }],
    ['', {}],
    ['null', {}],
    ['{"__proto__":["x"]}', JSON.parse('{"__proto__":["x"]}')],
  ])('%s', (text, filters) => expect({ ...parseFilters(text) }).toEqual(filters))

  it.each(['foo', '[]', '{"a":"b"}', '{"a":[1]}', '{"a":{"b":1}}', '3', '{"a":null}'])('%s is refused', (text) =>
    expect(() => parseFilters(text)).toThrow(invalid),
  )

  it('are written as the CLI writes them', () => {
    expect(encodeFilters({ dangling: ['true'], label: ['a=b', 'c'], none: [] })).toBe(
      '{"dangling":{"true":true},"label":{"a=b":true,"c":true}}',
    )
    expect([encodeFilters({}), encodeFilters(undefined)]).toEqual([undefined, undefined])
  })

  it('are checked', () => {
    expect(() => assertFilterKeys({ foo: ['a'] }, ['name'])).toThrow("invalid filter 'foo'")
    expect([booleanFilter({ d: ['1'] }, 'd'), booleanFilter({ d: ['false'] }, 'd'), booleanFilter({}, 'd')]).toEqual([
      true,
      false,
      undefined,
    ])
    for (const values of [['x'], ['true', 'false'], ['TRUE'], []])
      expect(() => booleanFilter({ d: values }, 'd')).toThrow(invalid)
  })

  it('match labels', () => {
    const labels = { a: '1', empty: '' }
    expect(
      [['a'], ['a=1'], ['a=2'], ['empty='], ['b'], ['a', 'b'], [], ['toString']].map((wanted) =>
        matchesLabels(labels, wanted),
      ),
    ).toEqual([true, true, false, true, false, false, true, false])
    expect(matchesLabels(undefined, ['a'])).toBe(false)
  })
})

describe('queries', () => {
  it.each([
    [undefined, false],
    ['', false],
    ['0', false],
    [' No ', false],
    ['FALSE', false],
    ['none', false],
    ['1', true],
    ['abc', true],
    [['true', '0'], true],
  ])('%s as yes or no is %s', (value, expected) => expect(parseBoolQuery(value)).toBe(expected))

  it('numbers', () => {
    expect([
      parseIntQuery('12', 't'),
      parseIntQuery('-1', 't'),
      parseIntQuery('', 't'),
      parseIntQuery(undefined, 't'),
    ]).toEqual([12, -1, undefined, undefined])
    for (const text of ['abc', '1.5', '1e3', '99999999999999999999'])
      expect(() => parseIntQuery(text, 't')).toThrow(invalid)
  })

  it('moments', () => {
    expect([
      parseTimestampQuery('1795240753', 's'),
      parseTimestampQuery('1.5', 's'),
      parseTimestampQuery('1.000000001', 's'),
      parseTimestampQuery('0', 's'),
    ]).toEqual([1795240753000000000n, 1500000000n, 1000000001n, undefined])
    for (const text of ['foo', '10m', '1.0000000001', '2026-01-01'])
      expect(() => parseTimestampQuery(text, 's')).toThrow(invalid)
  })

  it('tails', () =>
    expect(['5', '0', 'all', '-1', undefined].map(parseTail)).toEqual([5, 0, undefined, undefined, undefined]))

  it('maps', () => {
    expect([parseMapQuery('{"a":"b=c"}', 'o'), parseMapQuery('', 'o'), parseMapQuery(undefined, 'o')]).toEqual([
      { a: 'b=c' },
      undefined,
      undefined,
    ])
    for (const text of ['secret', '[]', 'null', '3', '{"a":1}', '{"password":"hunter2"']) {
      expect(() => parseMapQuery(text, 'o')).toThrow(invalid)
      expect(() => parseMapQuery(text, 'o')).not.toThrow(/secret|hunter2/)
    }
  })

  it('are written', () =>
    expect(encodeQuery({ a: true, b: false, c: 'x y&', d: ['1', '2'], e: undefined, f: 0 })).toBe(
      '?a=1&c=x+y%26&d=1&d=2&f=0',
    ))
})

describe('paths', () => {
  it.each([
    ['/volumes/{name}', 'a/../b', '/volumes/a%2F..%2Fb'],
    ['/volumes/{name}', 'é?#%', '/volumes/%C3%A9%3F%23%25'],
    ['/images/{name}/json', 'host:5000/a/b:1', '/images/host:5000/a/b:1/json'],
    ['/images/{name}/json', 'a/../../info', '/images/a%2F..%2F..%2Finfo/json'],
    ['/images/{name}/json', 'a@sha256:12', '/images/a@sha256:12/json'],
  ])('%s with %s', (template, name, path) => expect(buildPath(template, { name })).toBe(path))

  it.each(['', '.', '..', 'a\0b'])('refuse %j', (name) =>
    expect(() => buildPath('/volumes/{name}', { name })).toThrow(invalid),
  )
})

describe('detach keys', () => {
  it.each([
    [undefined, [16, 17]],
    ['', [16, 17]],
    ['a,ctrl-a', [97, 1]],
    ['ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_', [0, 27, 28, 29, 30, 31]],
  ])('%s', (text, keys) => expect([...parseDetachKeys(text)]).toEqual(keys))

  it.each(['zz-q', 'ctrl-zz', 'ctrl-A', '1', 'a,', 'ctrl-'])('%s is refused', (text) =>
    expect(() => parseDetachKeys(text)).toThrow(invalid),
  )

  it('are found across pieces, and what only begins like them is passed on', () => {
    const scanner = new DetachScanner(Uint8Array.of(16, 17))
    expect(scanner.scan(Uint8Array.of(97, 16))).toEqual({ data: Uint8Array.of(97), detached: false })
    expect(scanner.scan(Uint8Array.of(98))).toEqual({ data: Uint8Array.of(16, 98), detached: false })
    expect(scanner.scan(Uint8Array.of(16, 16))).toEqual({ data: Uint8Array.of(16), detached: false })
    expect(scanner.scan(Uint8Array.of(17, 99))).toEqual({ data: Uint8Array.of(), detached: true })
  })
})

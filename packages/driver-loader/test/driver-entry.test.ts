import { describe, expect, it } from 'vitest'
import { parseDriverEntries } from '../src/index.js'

const file = '/etc/pouch/pouchd.json'

describe('the drivers of a configuration file', () => {
  it('are packages with options', () => {
    const options = { endpoint: 'http://127.0.0.1:1', tags: ['a'] }
    const entries = parseDriverEntries(
      [
        { package: '@acme/pouch-volume-x', options },
        { package: 'y', name: 'why' },
      ],
      file,
    )
    expect(entries).toEqual([
      { package: '@acme/pouch-volume-x', name: undefined, options, declaredIn: file },
      { package: 'y', name: 'why', options: {}, declaredIn: file },
    ])
    expect(Object.isFrozen(entries) && entries.every(Object.isFrozen)).toBe(true)
  })

  it.each([
    ['no list', { package: 'x' }, "'drivers' has to be a list"],
    ['no object', ['x'], "'drivers[0]' has to be an object"],
    ['a key that is not known', [{ package: 'x', path: '/x' }], "'drivers[0]' has no 'path'"],
    ['no package', [{ package: 'a' }, {}], "'drivers[1].package' has to be the name of a package"],
    ['a relative path', [{ package: './x' }], 'has to be the name of a package'],
    ['an absolute path', [{ package: '/opt/x' }], 'has to be the name of a package'],
    ['a path that climbs', [{ package: '@acme/../x' }], 'has to be the name of a package'],
    ['dots alone', [{ package: '..' }], 'has to be the name of a package'],
    ['a path below a package', [{ package: 'x/y' }], 'has to be the name of a package'],
    ['a URL', [{ package: 'data:text/javascript,1' }], 'has to be the name of a package'],
    ['a NUL', [{ package: 'x\0' }], 'has to be the name of a package'],
    ['a name that is none', [{ package: 'x', name: 'Big X' }], "'drivers[0].name' has to have lower-case"],
    ['options that are none', [{ package: 'x', options: ['a=b'] }], "'drivers[0].options' has to be an object"],
  ])('are refused with %s', (_, value, message) => {
    expect(() => parseDriverEntries(value, file)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) as string }),
    )
  })
})

import { describe, expect, it } from 'vitest'
import type { DriverDefinition, OptionTable } from '../src/driver.js'
import { checkOptionTable, differingOptions, typedOptions } from '../src/options.js'

const table = {
  size: { type: 'bytes', description: 'a size', default: 64, aliases: ['opt.size'] },
  count: { type: 'int', description: 'a count' },
  mode: { type: 'mode', description: 'a mode', default: 0o755 },
  path: { type: 'path', description: 'a path' },
  text: { type: 'string', description: 'a text' },
  kind: { type: 'enum', description: 'a kind', values: ['one', 'two'] },
  exec: { type: 'boolean', description: 'a switch' },
  encrypt: { type: 'string', description: 'not yet', unsupported: 'this driver does not encrypt' },
} satisfies OptionTable

const definition: DriverDefinition = {
  contract: 1,
  name: 'some',
  options: table,
  open: () => Promise.reject(new Error('never opened')),
}
const typed = (given: Record<string, string>) => typedOptions(definition, given)

describe('options with a table', () => {
  it('are typed, with the defaults filled in', () => {
    const given = { size: '1.5G', count: '7', mode: '1777', path: '/mnt', text: '', kind: 'two', exec: 'true' }
    expect(typed(given)).toEqual({
      size: 1.5 * 1024 ** 3,
      count: 7,
      mode: 0o1777,
      path: '/mnt',
      text: '',
      kind: 'two',
      exec: true,
    })
    expect(typed({})).toEqual({ size: 64, mode: 0o755 })
    expect(Object.isFrozen(typed({}))).toBe(true)
  })

  it('may be spelled by an alias, but not twice in two ways', () => {
    expect(typed({ 'opt.size': '1k' })).toMatchObject({ size: 1024 })
    expect(typed({ 'opt.size': '1k', size: '1024' })).toMatchObject({ size: 1024 })
    expect(() => typed({ 'opt.size': '1k', size: '2k' })).toThrow('given twice')
  })

  it.each([
    [{ size: '0' }, 'size'],
    [{ size: '-1' }, 'size'],
    [{ 'opt.size': 'big' }, 'opt.size'],
    [{ count: '1.5' }, 'count'],
    [{ count: '-1' }, 'count'],
    [{ count: '99999999999999999999' }, 'count'],
    [{ mode: '888' }, 'mode'],
    [{ mode: '17777' }, 'mode'],
    [{ path: 'relative' }, 'path'],
    [{ path: '/a\0b' }, 'path'],
    [{ text: 'a\0b' }, 'text'],
    [{ kind: 'three' }, 'kind'],
    [{ exec: 'maybe' }, 'exec'],
  ])('are refused by name: %j', (given, option) => {
    expect(() => typed(given)).toThrow(expect.objectContaining({ code: 'invalid-argument', details: { option } }))
    expect(() => typed(given)).toThrow(option)
  })

  it.each(['colour', '__proto__', 'constructor', 'toString', ''])('are refused when unknown: %s', (name) => {
    expect(() => typed(Object.fromEntries([[name, '1']]))).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        details: { option: name, knownOptions: Object.keys(table).sort() },
      }),
    )
  })

  it('are unsupported with the reason that the table has', () => {
    expect(() => typed({ encrypt: 'yes' })).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: expect.stringContaining('this driver does not encrypt'),
      }),
    )
  })

  it('differ by what they mean, not by how they are written', () => {
    expect(differingOptions(typed({ size: '10g', mode: '0755' }), typed({ 'opt.size': '10GB' }))).toEqual([])
    expect(differingOptions(typed({ size: '10g', text: 'a' }), typed({ size: '11g' }))).toEqual(['size', 'text'])
  })
})

describe('options that are passed through', () => {
  it('stay as they came', () => {
    const given = { anything: '10GB', 'a.b/c': '' }
    expect(typedOptions({ ...definition, options: 'passthrough' }, given)).toEqual(given)
  })
})

describe('a table of options', () => {
  it.each<[string, OptionTable]>([
    ['no description', { size: { type: 'bytes', description: '' } }],
    [
      'an alias that is another option',
      { size: { type: 'bytes', description: 'a', aliases: ['b'] }, b: { type: 'int', description: 'b' } },
    ],
    ['an enum of nothing', { kind: { type: 'enum', description: 'a kind' } }],
    ['a default of another type', { size: { type: 'bytes', description: 'a', default: '64m' } }],
    ['a default that is not in the enum', { kind: { type: 'enum', description: 'a', values: ['a'], default: 'b' } }],
  ])('is refused with %s', (_, wrong) => {
    expect(() => checkOptionTable('some', wrong)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('is taken when it is right', () => {
    expect(() => checkOptionTable('some', table)).not.toThrow()
  })
})

import { PouchError } from '@pouch/errors'
import { parseBytes } from '@pouch/units'
import type { DriverDefinition, OptionSpec, OptionTable, OptionValue } from './driver.js'
import { maskedValue } from './secrets.js'

/** A volume's options once typed. */
export type TypedOptions = Readonly<Record<string, OptionValue>>

/**
 * Types the options of a volume by its driver's table and fills in the defaults. With `'passthrough'` they stay as they are.
 *
 * @throws PouchError `invalid-argument` naming the option (unknown ones with the known), `unsupported` with the table's reason
 */
export function typedOptions(definition: DriverDefinition, given: Readonly<Record<string, string>>): TypedOptions {
  if (definition.options === 'passthrough') return given
  const table = definition.options
  const typed = new Map<string, OptionValue>()
  const spelled = new Map<string, string>()
  for (const [spelling, text] of Object.entries(given)) {
    const [name, spec] = specOf(definition.name, table, spelling)
    if (spec.unsupported !== undefined) throw refused('unsupported', spelling, spec.unsupported)
    const value = typedValue(spelling, spec, text)
    const before = typed.get(name)
    if (before !== undefined && before !== value) {
      throw refused('invalid-argument', spelling, `it is given twice, also as ${quote(spelled.get(name) ?? name)}`)
    }
    typed.set(name, value)
    spelled.set(name, spelling)
  }
  for (const [name, spec] of Object.entries(table)) {
    if (spec.default !== undefined && !typed.has(name)) typed.set(name, spec.default)
  }
  return Object.freeze(Object.fromEntries(typed))
}

/** The names of the options in which two volumes differ, sorted. `10g` and `10GB` do not differ. */
export function differingOptions(one: TypedOptions, other: TypedOptions): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].filter((name) => ownValue(one, name) !== ownValue(other, name)).sort()
}

/**
 * Checks a driver's table of options: an author's mistake shows when the engine starts.
 *
 * @throws PouchError `invalid-argument` naming driver and option
 */
export function checkOptionTable(driver: string, table: OptionTable): void {
  const spellings = new Set<string>()
  if (typeof table !== 'object' || table === null)
    throw badTable(driver, 'options', "there is no table, nor 'passthrough'")
  for (const [name, spec] of Object.entries(table)) {
    if (!Object.hasOwn(readers, spec.type)) throw badTable(driver, name, `there is no type '${spec.type}'`)
    for (const spelling of [name, ...(spec.aliases ?? [])]) {
      if (spellings.has(spelling)) throw badTable(driver, spelling, 'it is declared twice')
      spellings.add(spelling)
    }
    if (typeof spec.description !== 'string' || spec.description === '')
      throw badTable(driver, name, 'it has no description')
    if (spec.type === 'enum' && (spec.values ?? []).length === 0) throw badTable(driver, name, 'an enum needs values')
    if (spec.default !== undefined && !isOfType(spec, spec.default)) {
      throw badTable(driver, name, `its default ${JSON.stringify(spec.default)} is not of type ${spec.type}`)
    }
  }
}

const readers: Readonly<Record<OptionSpec['type'], (text: string, spec: OptionSpec) => OptionValue | undefined>> = {
  bytes: (text) => parseBytes(text),
  int: (text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined),
  mode: (text) => (/^0?[0-7]{3,4}$/.test(text) ? Number.parseInt(text, 8) : undefined),
  path: (text) => (text.startsWith('/') && !text.includes('\0') ? text : undefined),
  string: (text) => (text.includes('\0') ? undefined : text),
  enum: (text, spec) => (spec.values?.includes(text) === true ? text : undefined),
  boolean: (text) => (/^(?:true|1|)$/i.test(text) ? true : /^(?:false|0)$/i.test(text) ? false : undefined),
}

const wanted: Readonly<Record<OptionSpec['type'], string>> = {
  bytes: 'a size like 512m or 10g',
  int: 'a whole number from 0 up',
  mode: 'octal permissions like 755 or 1777',
  path: 'an absolute path',
  string: 'text without NUL',
  enum: 'one of',
  boolean: 'true or false',
}

function typedValue(name: string, spec: OptionSpec, text: string): OptionValue {
  const want = spec.type === 'enum' ? `one of ${(spec.values ?? []).join(', ')}` : wanted[spec.type]
  let value: OptionValue | undefined
  try {
    value = readers[spec.type](text, spec)
  } catch (cause) {
    throw refused('invalid-argument', name, PouchError.from(cause).message, cause)
  }
  if (value === undefined)
    throw refused('invalid-argument', name, `${quote(maskedValue(spec, name, text))} is not ${want}`)
  return value
}

function specOf(driver: string, table: OptionTable, spelling: string): readonly [string, OptionSpec] {
  for (const [name, spec] of Object.entries(table)) {
    if (name === spelling || spec.aliases?.includes(spelling) === true) return [name, spec]
  }
  const known = Object.keys(table).sort()
  const text = known.length === 0 ? `driver ${driver} takes no options` : `driver ${driver} knows ${known.join(', ')}`
  throw new PouchError('invalid-argument', `invalid option: ${quote(spelling)}: ${text}`, {
    details: { option: spelling, knownOptions: known },
  })
}

function isOfType(spec: OptionSpec, value: OptionValue): boolean {
  if (spec.type === 'boolean') return typeof value === 'boolean'
  if (spec.type === 'bytes' || spec.type === 'int' || spec.type === 'mode') return Number.isSafeInteger(value)
  return typeof value === 'string' && (spec.type !== 'enum' || spec.values?.includes(value) === true)
}

const ownValue = (options: TypedOptions, name: string) => (Object.hasOwn(options, name) ? options[name] : undefined)
const quote = (text: string) => JSON.stringify(text)

function refused(code: 'invalid-argument' | 'unsupported', option: string, why: string, cause?: unknown): PouchError {
  return new PouchError(code, `invalid option ${quote(option)}: ${why}`, { details: { option }, cause })
}

function badTable(driver: string, option: string, why: string): PouchError {
  return new PouchError('invalid-argument', `driver ${driver} declares option ${quote(option)} wrongly: ${why}`, {
    op: 'driver.open',
    subject: driver,
    details: { option },
  })
}

import type { DriverDefinition, OptionSpec } from './driver.js'

/** What stands for a secret, as Docker has it. */
export const mask = '********'

type Options = Readonly<Record<string, string>>

const secretName = /(?:^|[-_.])(?:password2?|passphrase|passwd|pass|pwd|secret|token)$/i
// In mount options two commas are one that belongs to the value.
const secretPart = /((?:^|,)(?:password2?|passphrase|passwd|pass|pwd|secret|key|token)=)((?:[^,]|,,)*)/gi

/**
 * Options as they may be told: the value of a secret option is masked, as are parts like `password=…` of any other. Without anything
 * secret they are the same object.
 *
 * @param definition of their driver; without one, whatever has the name of a secret counts as one
 */
export function maskedOptions(definition: DriverDefinition | undefined, options: Options): Options {
  let masked: Record<string, string> | undefined
  for (const name in options) {
    const value = options[name] ?? ''
    const shown = maskedValue(specOf(definition, name), name, value)
    if (shown === value) continue
    masked ??= { ...options }
    masked[name] = shown
  }
  return masked ?? options
}

/** One option as it may be told. */
export function maskedValue(spec: OptionSpec | undefined, name: string, value: string): string {
  if (value !== '' && (spec === undefined ? secretName.test(name) : spec.secret === true)) return mask
  return value.includes('=') ? value.replace(secretPart, `$1${mask}`) : value
}

/** What must not be told of options: whole values and parts. Longest first, so that none is masked in half. */
export function secretsIn(definition: DriverDefinition | undefined, options: Options): readonly string[] {
  const secrets: string[] = []
  for (const name in options) {
    const value = options[name] ?? ''
    if (maskedValue(specOf(definition, name), name, value) === mask) secrets.push(value)
    for (const [, , part] of value.matchAll(secretPart)) if (part !== undefined && part !== '') secrets.push(part)
  }
  return secrets.sort((one, other) => other.length - one.length)
}

/** A text without the secrets. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, mask), text)
}

/** By any of its spellings. An option that the table does not know is judged by its name. */
function specOf(definition: DriverDefinition | undefined, spelling: string): OptionSpec | undefined {
  const table = definition?.options
  if (table === undefined || table === 'passthrough') return undefined
  if (Object.hasOwn(table, spelling)) return table[spelling]
  return Object.values(table).find(({ aliases }) => aliases?.includes(spelling) === true)
}

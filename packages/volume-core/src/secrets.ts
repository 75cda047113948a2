import type { DriverDefinition, OptionSpec } from './driver.js'
import { mask, maskedText, secretsInText } from './secret-text.js'

type Options = Readonly<Record<string, string>>

const secretName = /(?:^|[-_.])(?:password2?|passphrase|passwd|pass|pwd|secret|token)$/i

/**
 * Options as they may be told: the value of a secret option is masked, as are parts like `password=…` of any other, and who is named in
 * a URL (`https://me:password@host`). Without anything secret they are the same object.
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
  return isSecret(spec, name, value) ? mask : maskedText(value)
}

/** What must not be told of options: whole values and parts. Longest first, so that none is masked in half. */
export function secretsIn(definition: DriverDefinition | undefined, options: Options): readonly string[] {
  const secrets: string[] = []
  for (const name in options) {
    const value = options[name] ?? ''
    if (isSecret(specOf(definition, name), name, value)) secrets.push(value)
    secrets.push(...secretsInText(value))
  }
  return secrets.sort((one, other) => other.length - one.length)
}

function isSecret(spec: OptionSpec | undefined, name: string, value: string): boolean {
  return value !== '' && (spec === undefined ? secretName.test(name) : spec.secret === true)
}

/** By any of its spellings. An option that the table does not know is judged by its name. */
function specOf(definition: DriverDefinition | undefined, spelling: string): OptionSpec | undefined {
  const table = definition?.options
  if (table === undefined || table === 'passthrough') return undefined
  if (Object.hasOwn(table, spelling)) return table[spelling]
  return Object.values(table).find(({ aliases }) => aliases?.includes(spelling) === true)
}

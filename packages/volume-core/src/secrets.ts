import type { DriverDefinition, OptionSpec } from './driver.js'

/** What stands for a secret, as Docker has it. */
export const mask = '********'

type Options = Readonly<Record<string, string>>

const secretName = /(?:^|[-_.])(?:password2?|passphrase|passwd|pass|pwd|secret|token)$/i
// In mount options two commas are one that belongs to the value.
const secretPart = /((?:^|[,?&])(?:password2?|passphrase|passwd|pass|pwd|secret|key|token)=)((?:[^,]|,,)*)/gi
/** Who is to be let in by a URL or a share. A password may have a slash, whatever the standard says; a port is none. */
const userinfo = /(?<=\/\/|\\\\)(?:[^/\\?#]*|[^/\\?#:@[\]]*:(?!\d*(?:[/\\?#]|$)).*)(?=@)/g
/** What is shorter, and has no password beside it, is the name of a user, and part of other words. */
const leastTokenChars = 8

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
  if (value !== '' && (spec === undefined ? secretName.test(name) : spec.secret === true)) return mask
  const shown = value.includes('@') ? value.replace(userinfo, mask) : value
  return shown.includes('=') ? shown.replace(secretPart, `$1${mask}`) : shown
}

/** What must not be told of options: whole values and parts. Longest first, so that none is masked in half. */
export function secretsIn(definition: DriverDefinition | undefined, options: Options): readonly string[] {
  const secrets: string[] = []
  for (const name in options) {
    const value = options[name] ?? ''
    if (maskedValue(specOf(definition, name), name, value) === mask) secrets.push(value)
    for (const [, , part] of value.matchAll(secretPart)) if (part !== undefined && part !== '') secrets.push(part)
    for (const [who] of value.matchAll(userinfo)) secrets.push(...secretsOfUserinfo(who))
  }
  return secrets.sort((one, other) => other.length - one.length)
}

/** A text without the secrets. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, secret.endsWith('@') ? `${mask}@` : mask), text)
}

/** A name alone would be taken out of other words: it is a secret together with its `@`. */
function secretsOfUserinfo(who: string): string[] {
  if (who === '') return []
  const colon = who.indexOf(':')
  const password = colon === -1 ? who : who.slice(colon + 1)
  if (password === '' || (colon === -1 && who.length < leastTokenChars)) return [`${who}@`]
  return [...new Set([`${who}@`, password, decoded(password)])]
}

/** As a driver may repeat it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // No URL: a share, or a percent sign of its own.
    return text
  }
}

/** By any of its spellings. An option that the table does not know is judged by its name. */
function specOf(definition: DriverDefinition | undefined, spelling: string): OptionSpec | undefined {
  const table = definition?.options
  if (table === undefined || table === 'passthrough') return undefined
  if (Object.hasOwn(table, spelling)) return table[spelling]
  return Object.values(table).find(({ aliases }) => aliases?.includes(spelling) === true)
}

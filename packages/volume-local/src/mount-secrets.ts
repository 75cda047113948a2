import { isPouchError, PouchError } from '@pouch/errors'

/** A comma in a value of cifs is doubled. */
const secretPart = /(?<=^|[,?&])(password2?|passphrase|passwd|pass|pwd|secret|key|token)=((?:[^,]|,,)*)/gi
/** Who is to be let in by a URL or a share. A password may have a slash, whatever the standard says; a port is none. */
const userinfo = /(?<=\/\/|\\\\)(?:[^/\\?#]*|[^/\\?#:@[\]]*:(?!\d*(?:[/\\?#]|$)).*)(?=@)/g
/** What is shorter, and has no password beside it, is the name of a user, and part of other words. */
const leastTokenChars = 8
const mask = '********'

/** Mount options with what must not be told taken out: `user=me,password=********`. */
export function maskedMountOptions(options: string): string {
  return options.replace(secretPart, (_, name: string) => `${name}=${mask}`)
}

/** The secrets in mount options. */
export function mountSecrets(options: string): string[] {
  return [...options.matchAll(secretPart)].flatMap(([, , value]) =>
    value === undefined || value === '' ? [] : [value],
  )
}

/** A device with what must not be told taken out: `https://********@host/share`. */
export function maskedDevice(device: string): string {
  return maskedMountOptions(device.replace(userinfo, mask))
}

/** The secrets in the name of a device, as they are in it and decoded. */
export function deviceSecrets(device: string): string[] {
  const named = [...device.matchAll(userinfo)].flatMap(([who]) => secretsOfUserinfo(who))
  return [...named, ...mountSecrets(device)]
}

/**
 * An error without the secrets that it may repeat. One that repeats none is returned as it is; otherwise what it was caused by is dropped,
 * since that is where the words come from.
 */
export function withoutSecrets(thrown: unknown, secrets: readonly string[]): unknown {
  if (secrets.length === 0 || !tells(thrown, secrets, 0)) return thrown
  const { code, message, op, subject, details } = PouchError.from(thrown)
  const masked = maskIn({ message, op, subject, details }, secrets) as Parts
  return new PouchError(code, masked.message, { op: masked.op, subject: masked.subject, details: masked.details ?? {} })
}

interface Parts {
  readonly message: string
  readonly op?: string
  readonly subject?: string
  readonly details?: Readonly<Record<string, unknown>>
}

const deepest = 8

function tells(thrown: unknown, secrets: readonly string[], depth: number): boolean {
  if (!(thrown instanceof Error) || depth === deepest) return false
  const details = isPouchError(thrown) ? JSON.stringify(thrown.toJSON()) : ''
  const text = `${thrown.message}\n${thrown.stack ?? ''}\n${details}`
  return secrets.some((secret) => text.includes(secret)) || tells(thrown.cause, secrets, depth + 1)
}

/** A name alone would be taken out of other words: it is a secret together with its `@`. */
function secretsOfUserinfo(who: string): string[] {
  if (who === '') return []
  const colon = who.indexOf(':')
  const password = colon === -1 ? who : who.slice(colon + 1)
  if (password === '' || (colon === -1 && who.length < leastTokenChars)) return [`${who}@`]
  return [...new Set([`${who}@`, password, decoded(password)])]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // No URL: a share, or a percent sign of its own.
    return text
  }
}

function withoutSecretsIn(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, secret.endsWith('@') ? `${mask}@` : mask), text)
}

function maskIn(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return withoutSecretsIn(value, secrets)
  if (Array.isArray(value)) return value.map((one: unknown) => maskIn(one, secrets))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, maskIn(inner, secrets)]))
}

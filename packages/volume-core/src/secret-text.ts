/** What stands for a secret, as Docker has it. */
export const mask = '********'

// In mount options two commas are one that belongs to the value.
const secretPart = /((?:^|[,?&])(?:password2?|passphrase|passwd|pass|pwd|secret|key|token)=)((?:[^,]|,,)*)/gi
/** Who is to be let in by a URL or a share. A password may have a slash, whatever the standard says; a port is none. */
const userinfo = /(?<=\/\/|\\\\)(?:[^/\\?#]*|[^/\\?#:@[\]]*:(?!\d*(?:[/\\?#]|$)).*)(?=@)/g
/** What is shorter, and has no password beside it, is the name of a user, and part of other words. */
const leastTokenChars = 8

/**
 * A list of mount options, a device or a URL as it may be told: `user=me,password=********`, `https://********@host/share`. One without
 * secrets is as it was.
 */
export function maskedText(text: string): string {
  const shown = text.includes('@') ? text.replace(userinfo, mask) : text
  return shown.includes('=') ? shown.replace(secretPart, `$1${mask}`) : shown
}

/** What {@link maskedText} masks in some texts: as it is written there, and decoded. Longest first, so that none is masked in half. */
export function secretsInText(...texts: readonly string[]): string[] {
  return texts.flatMap(secretsOf).sort((one, other) => other.length - one.length)
}

/** A text without the secrets that {@link secretsInText} found in others. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, secret) => clean.replaceAll(secret, secret.endsWith('@') ? `${mask}@` : mask), text)
}

function secretsOf(text: string): string[] {
  const parts = [...text.matchAll(secretPart)].flatMap(([, , part = '']) => (part === '' ? [] : [part]))
  return [...parts, ...[...text.matchAll(userinfo)].flatMap(([who]) => secretsOfUserinfo(who))]
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

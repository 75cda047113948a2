import { createHash } from 'node:crypto'
import { PouchError } from '@pouch/errors'

const grammar = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/

/** Whether a string is a digest: sha256 or sha512, lower-case hex. */
export function isDigest(text: unknown): text is string {
  return typeof text === 'string' && grammar.test(text)
}

/** Whether a string is a digest that containerd's content store can keep: sha256. */
export function isContentDigest(text: unknown): text is string {
  return isDigest(text) && text.startsWith('sha256:')
}

/** The sha256 digest of some bytes: `sha256:…`. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** The first twelve hex digits, as people see ids. */
export function shortId(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 12)
}

/**
 * Checks bytes against the sha256 digest that was asked for.
 *
 * @throws PouchError `corrupt`
 */
export function verifyDigest(bytes: Uint8Array, expected: string, what: string): void {
  const actual = digestOf(bytes)
  if (actual === expected) return
  throw new PouchError(
    'corrupt',
    `${what} has the digest ${actual}, not ${expected} as it should: it was changed or damaged on the way`,
    {
      op: 'image.verify',
      subject: expected,
    },
  )
}

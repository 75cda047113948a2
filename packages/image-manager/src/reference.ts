import { PouchError } from '@pouch/errors'
import { isDigest } from './digest.js'

/** A parsed image reference: what `busybox`, `localhost:5000/a/b:1` or `x@sha256:…` stand for. */
export interface Reference {
  /** The registry: `docker.io` unless the name says another. */
  readonly domain: string
  /** The repository in the registry: `library/busybox`. */
  readonly path: string
  /** `latest` unless given; undefined when only a digest was given. */
  readonly tag: string | undefined
  /** `sha256:…` or `sha512:…` of the manifest, if given. */
  readonly digest: string | undefined
  /** `docker.io/library/busybox`. */
  readonly repository: string
  /** The repository as people write it: `busybox`. */
  readonly familiarRepository: string
  /** As people write it: `busybox:latest`, `busybox@sha256:…`. */
  readonly familiar: string
  /** The full form: `docker.io/library/busybox:latest`. With a digest, the tag is left out. */
  readonly canonical: string
}

const defaultDomain = 'docker.io'
const maxNameLength = 255

const domainPart = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domainGrammar = new RegExp(`^(?:${domainPart}(?:\\.${domainPart})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`)
const pathPart = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const pathGrammar = new RegExp(`^${pathPart}(?:/${pathPart})*$`)
const tagGrammar = /^\w[\w.-]{0,127}$/
const identifierGrammar = /^[a-f0-9]{64}$/

/**
 * Reads an image reference by Docker's grammar. The first component is a registry when it has a `.` or a `:`, is
 * `localhost`, or has an upper-case letter; everything else is a repository of `docker.io`.
 *
 * @param text what a person wrote
 * @throws PouchError `invalid-argument`
 */
export function parseReference(text: string): Reference {
  if (identifierGrammar.test(text)) {
    throw refused(text, `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`)
  }
  if (text.length > 2 * maxNameLength + 300) throw refused(text.slice(0, 80), 'invalid reference format')
  const { domain, remainder } = splitDomain(text)
  checkLowerCase(text, remainder)
  const { path, tag, digest } = splitRemainder(text, remainder)
  if (!domainGrammar.test(domain) || !pathGrammar.test(path)) throw refused(text, 'invalid reference format')
  if (domain.length + 1 + path.length > maxNameLength) {
    throw refused(text, `invalid reference format: repository name must not be more than ${maxNameLength} characters`)
  }
  return referenceOf(domain, path, tag, digest)
}

/** The reference of a manifest's digest in the same repository. */
export function withDigest(reference: Reference, digest: string): Reference {
  return referenceOf(reference.domain, reference.path, undefined, digest)
}

function referenceOf(domain: string, path: string, tag: string | undefined, digest: string | undefined): Reference {
  const repository = `${domain}/${path}`
  const familiarRepository = domain !== defaultDomain ? repository : path.replace(/^library\/(?=[^/]+$)/, '')
  const kept = tag ?? (digest === undefined ? 'latest' : undefined)
  const suffix = digest === undefined ? `:${kept}` : `@${digest}`
  const shown = digest !== undefined && kept !== undefined ? `:${kept}${suffix}` : suffix
  return Object.freeze({
    domain,
    path,
    tag: kept,
    digest,
    repository,
    familiarRepository,
    familiar: familiarRepository + shown,
    canonical: repository + suffix,
  })
}

function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf('/')
  const first = text.slice(0, Math.max(slash, 0))
  const isDomain = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first)
  const domain = isDomain && first !== 'index.docker.io' ? first : defaultDomain
  const remainder = isDomain ? text.slice(slash + 1) : text
  const isOfficial = domain === defaultDomain && !(remainder.split('@', 1)[0] ?? '').includes('/')
  return { domain, remainder: isOfficial ? `library/${remainder}` : remainder }
}

function splitRemainder(
  text: string,
  remainder: string,
): { path: string; tag: string | undefined; digest: string | undefined } {
  const at = remainder.indexOf('@')
  const digest = at < 0 ? undefined : remainder.slice(at + 1)
  if (digest !== undefined && !isDigest(digest)) {
    throw refused(text, 'invalid reference format: the digest must be sha256: with 64 or sha512: with 128 hex digits')
  }
  const name = at < 0 ? remainder : remainder.slice(0, at)
  const colon = name.indexOf(':')
  if (colon < 0) return { path: name, tag: undefined, digest }
  const tag = name.slice(colon + 1)
  if (!tagGrammar.test(tag)) throw refused(text, 'invalid reference format')
  return { path: name.slice(0, colon), tag, digest }
}

function checkLowerCase(text: string, remainder: string): void {
  const name = remainder.split(/[:@]/, 1)[0] ?? ''
  if (name.toLowerCase() !== name) throw refused(text, 'invalid reference format: repository name must be lowercase')
}

function refused(subject: string, message: string): PouchError {
  return new PouchError('invalid-argument', message, { op: 'image.parseReference', subject })
}

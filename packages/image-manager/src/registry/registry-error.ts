import { PouchError } from '@pouch/errors'
import { isJsonObject } from '../json-document.js'
import type { Reference } from '../reference.js'
import type { RegistryResponse } from './registry-response.js'

const maxErrorBytes = 64 * 1024
const maxText = 300
const passing = new Set([408, 429, 500, 502, 503, 504])

/** The error of an answer that is not what was asked for, in Docker's words where it has them. */
export async function registryError(
  response: RegistryResponse,
  reference: Reference,
  hasCredentials: boolean,
): Promise<PouchError> {
  const text = await errorText(response)
  const { status } = response
  const fail = (code: ConstructorParameters<typeof PouchError>[0], message: string, details = {}) =>
    new PouchError(code, message, { op: 'image.pull', subject: reference.familiar, details: { status, ...details } })
  if (status === 401 || status === 403) {
    const message = `pull access denied for ${reference.familiarRepository}, repository does not exist or may require 'docker login': ${text}`
    return fail(status === 401 && hasCredentials ? 'unauthenticated' : 'permission-denied', message)
  }
  if (status === 404) {
    return fail(
      'not-found',
      response.url.pathname.includes('/blobs/')
        ? `${response.url.host} lacks a blob of ${reference.familiar}: ${text}`
        : `manifest for ${reference.familiar} not found: ${text}`,
    )
  }
  const message = `${response.url.host} answered ${status} when ${reference.familiar} was asked for: ${text}`
  if (passing.has(status)) return fail('unavailable', message, { transient: true, ...retryAfter(response) })
  return fail('unavailable', message)
}

async function errorText(response: RegistryResponse): Promise<string> {
  try {
    const body = (await response.bytes(maxErrorBytes)).toString('utf8')
    return (registryText(body) ?? body.trim()).slice(0, maxText) || `status ${response.status}`
  } catch {
    // The status tells what matters; a body that breaks off or is too long adds nothing.
    return `status ${response.status}`
  }
}

function registryText(body: string): string | undefined {
  if (!body.trimStart().startsWith('{')) return undefined
  try {
    const document: unknown = JSON.parse(body)
    const errors = isJsonObject(document) && Array.isArray(document.errors) ? document.errors : []
    const texts = errors
      .filter(isJsonObject)
      .map(({ code, message }) =>
        [wordsOf(code), message].filter((each) => typeof each === 'string' && each !== '').join(': '),
      )
    return texts.length === 0 ? undefined : texts.join('; ')
  } catch {
    // No JSON, as of a proxy: the text is shown as it is.
    return undefined
  }
}

// MANIFEST_UNKNOWN → manifest unknown
function wordsOf(code: unknown): string | undefined {
  return typeof code === 'string' ? code.toLowerCase().replaceAll('_', ' ') : undefined
}

function retryAfter(response: RegistryResponse): { retryAfterMs?: number } {
  const seconds = Number(response.header('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {}
}

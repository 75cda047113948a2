import type { Descriptor } from '@pouch/ctrd-client'
import { isPouchError, PouchError } from '@pouch/errors'
import { digestOf, verifyDigest } from '../digest.js'
import { maxDocumentBytes } from '../manifest.js'
import { acceptedManifests } from '../media-types.js'
import type { Reference } from '../reference.js'
import { blobStream } from './blob-stream.js'
import { RegistryAuth } from './registry-auth.js'
import { endpointsOf } from './registry-endpoint.js'
import { registryError } from './registry-error.js'
import { RegistryHttp } from './registry-http.js'
import type { RegistryCredentials, RegistryOptions } from './registry-options.js'
import type { RegistryResponse } from './registry-response.js'
import { type RetryPolicy, retried } from './retry.js'

/** A manifest or an index as the registry has it; its digest is that of its bytes. */
export interface FetchedManifest {
  readonly descriptor: Descriptor
  readonly bytes: Buffer
}

/** Options of a {@link RegistryClient}. */
export interface RegistryClientOptions extends RegistryOptions {
  readonly auth?: RegistryCredentials | undefined
}

/** Options of a request. */
export interface FetchCall {
  readonly signal?: AbortSignal | undefined
  /** Told of each pause before a retry. */
  readonly onPause?: ((pauseMs: number) => void) | undefined
}

/** One repository of a registry, for the length of one pull. */
export class RegistryClient {
  readonly #reference: Reference
  readonly #options: RegistryClientOptions
  readonly #http: RegistryHttp
  readonly #auth: RegistryAuth
  #origin: string | undefined
  #authorization: string | undefined

  constructor(reference: Reference, options: RegistryClientOptions) {
    this.#reference = reference
    this.#options = options
    this.#http = new RegistryHttp(options)
    this.#auth = new RegistryAuth(this.#http, options, options.auth ?? options.credentials?.[reference.domain])
  }

  /** Closes the connections. */
  close(): void {
    this.#http.close()
  }

  /**
   * A manifest by its tag or its digest. A digest is checked.
   *
   * @throws PouchError `not-found`, `permission-denied`, `unauthenticated`, `unavailable`, `corrupt`
   */
  async manifest(tagOrDigest: string, call: FetchCall = {}): Promise<FetchedManifest> {
    return retried(this.#policy(call), async () => {
      const response = await this.#get(`manifests/${tagOrDigest}`, { accept: acceptedManifests }, call.signal)
      const bytes = await response.bytes(maxDocumentBytes)
      const announced = tagOrDigest.includes(':') ? tagOrDigest : response.header('docker-content-digest')
      if (announced?.startsWith('sha256:') === true)
        verifyDigest(bytes, announced, `the manifest of ${this.#reference.familiar}`)
      const mediaType = (response.header('content-type') ?? '').split(';', 1)[0]?.trim() ?? ''
      return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength } }
    })
  }

  /** The bytes of a blob; they are to be checked against its digest by whoever stores them. */
  blob(blob: Descriptor, call: FetchCall = {}): AsyncIterable<Uint8Array> {
    const open = (offset: number) =>
      this.#get(`blobs/${blob.digest}`, offset === 0 ? {} : { range: `bytes=${offset}-` }, call.signal)
    return blobStream(blob, open, this.#policy(call))
  }

  #policy(call: FetchCall): RetryPolicy {
    return { firstMs: this.#options.retryMs ?? 1000, signal: call.signal, onPause: call.onPause }
  }

  async #get(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<RegistryResponse> {
    const url = new URL(`/v2/${this.#reference.path}/${path}`, await this.#connect(signal))
    const first = await this.#send(url, headers, signal)
    if (first.status !== 401) return this.#checked(first)
    first.discard()
    this.#authorization = await this.#auth.answer({
      header: first.header('www-authenticate') ?? '',
      repository: this.#reference.path,
      signal,
    })
    return this.#checked(await this.#send(url, headers, signal))
  }

  async #send(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<RegistryResponse> {
    const authorization = this.#authorization === undefined ? {} : { authorization: this.#authorization }
    return this.#http.send(url, { headers: { ...headers, ...authorization }, signal })
  }

  async #checked(response: RegistryResponse): Promise<RegistryResponse> {
    if (response.status === 200 || response.status === 206) return response
    throw await registryError(response, this.#reference, this.#auth.hasCredentials)
  }

  // Whatever HTTP answer comes, the way is the right one; what it says is met where it matters.
  async #connect(signal: AbortSignal | undefined): Promise<string> {
    if (this.#origin !== undefined) return this.#origin
    const endpoints = endpointsOf(this.#reference.domain, this.#options)
    for (const [index, { origin }] of endpoints.entries()) {
      try {
        const response = await this.#http.send(new URL('/v2/', origin), { signal })
        response.discard()
        this.#origin = origin
        return origin
      } catch (error) {
        if (!mayTryNext(error) || index === endpoints.length - 1) throw lasting(error)
      }
    }
    throw new PouchError('internal', `no way to reach ${this.#reference.domain} is known`, { op: 'image.pull' })
  }
}

// A certificate that is not trusted is never a reason to go on without one.
function mayTryNext(error: unknown): boolean {
  return isPouchError(error) && error.code === 'unavailable' && error.details.transient === true
}

// A registry that cannot be reached at all is told of at once: the name may be wrong.
function lasting(error: unknown): unknown {
  if (!isPouchError(error) || error.details.transient !== true) return error
  const { code, message, op, subject } = error
  return new PouchError(code, message, { op, subject, details: { ...error.details, transient: false }, cause: error })
}

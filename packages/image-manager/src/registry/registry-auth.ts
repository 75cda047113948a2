import { PouchError } from '@pouch/errors'
import { isJsonObject, parseJson } from '../json-document.js'
import { allowsHttp } from './registry-endpoint.js'
import type { RegistryHttp, RegistryRequest } from './registry-http.js'
import type { RegistryCredentials, RegistryOptions } from './registry-options.js'
import { type AuthChallenge, parseChallenges } from './www-authenticate.js'

/** What is asked for. */
export interface AuthRequest {
  /** `WWW-Authenticate` of the registry's answer. */
  readonly header: string
  /** `library/busybox`. */
  readonly repository: string
  readonly signal?: AbortSignal | undefined
}

const maxAnswerBytes = 1024 * 1024

/** Gets what a registry wants to see: a token of its token server, or the user's name and password. */
export class RegistryAuth {
  readonly #http: RegistryHttp
  readonly #options: RegistryOptions
  readonly #credentials: RegistryCredentials | undefined

  constructor(http: RegistryHttp, options: RegistryOptions, credentials: RegistryCredentials | undefined) {
    this.#http = http
    this.#options = options
    this.#credentials = credentials
  }

  /** Whether somebody said who asks. */
  get hasCredentials(): boolean {
    return this.#credentials !== undefined
  }

  /**
   * The value of `Authorization` that answers a 401.
   *
   * @returns undefined when there is none
   * @throws PouchError `unauthenticated` when the token server refuses
   */
  async answer(request: AuthRequest): Promise<string | undefined> {
    const challenges = parseChallenges(request.header)
    const bearer = challenges.find((each) => each.scheme === 'bearer')
    const credentials = this.#credentials
    if (bearer !== undefined && credentials !== undefined && 'registryToken' in credentials)
      return bearerOf(credentials.registryToken)
    if (bearer !== undefined) return bearerOf(await this.#fetchToken(bearer, request))
    const isBasic = challenges.some((each) => each.scheme === 'basic')
    return isBasic && credentials !== undefined && 'username' in credentials ? basicOf(credentials) : undefined
  }

  async #fetchToken(challenge: AuthChallenge, request: AuthRequest): Promise<string> {
    const realm = this.#realmOf(challenge)
    const scope = challenge.parameters.get('scope') ?? `repository:${request.repository}:pull`
    const service = challenge.parameters.get('service')
    const question = this.#question(realm, scope, service)
    const response = await this.#http.send(question.url, { ...question.request, signal: request.signal })
    const body = await response.bytes(maxAnswerBytes)
    if (response.status === 401 || response.status === 403)
      throw this.#refused(realm, `it answered ${response.status}`, 'unauthenticated')
    if (response.status !== 200) throw this.#refused(realm, `it answered ${response.status}`, 'unavailable')
    const answer = parseJson(body, `the answer of ${realm.host}`)
    const token = isJsonObject(answer) ? (answer.token ?? answer.access_token) : undefined
    if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token
    throw this.#refused(realm, 'its answer has no token', 'unavailable')
  }

  #question(realm: URL, scope: string, service: string | undefined): { url: URL; request: RegistryRequest } {
    const fields = new URLSearchParams({ ...(service === undefined ? {} : { service }), scope })
    const credentials = this.#credentials
    if (credentials !== undefined && 'identityToken' in credentials) {
      fields.set('grant_type', 'refresh_token')
      fields.set('refresh_token', credentials.identityToken)
      fields.set('client_id', 'pouch')
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      return { url: realm, request: { method: 'POST', headers, body: fields.toString() } }
    }
    const url = new URL(realm)
    for (const [name, value] of fields) url.searchParams.set(name, value)
    const isUser = credentials !== undefined && 'username' in credentials
    return { url, request: isUser ? { headers: { authorization: basicOf(credentials) } } : {} }
  }

  // A registry chooses its token server; a password must not be asked for over plain http all the same.
  #realmOf(challenge: AuthChallenge): URL {
    const text = challenge.parameters.get('realm') ?? ''
    const realm = URL.canParse(text) ? new URL(text) : undefined
    if (realm?.protocol === 'https:' || (realm?.protocol === 'http:' && allowsHttp(realm.host, this.#options)))
      return realm
    throw new PouchError(
      'unavailable',
      `the registry names the token server ${JSON.stringify(text.slice(0, 200))}, which is not https`,
      {
        op: 'image.pull',
        subject: 'realm',
      },
    )
  }

  #refused(realm: URL, why: string, code: 'unauthenticated' | 'unavailable'): PouchError {
    const message = `the token server ${realm.host} gave no token: ${why}${this.hasCredentials ? '; check the user name and the password' : ''}`
    return new PouchError(code, message, { op: 'image.pull', subject: realm.host, details: { transient: false } })
  }
}

function bearerOf(token: string): string {
  return `Bearer ${token}`
}

function basicOf({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { certificate } from '../fixtures/certificate.js'
import { inventory, nothing } from '../fixtures/containerd.js'
import { type Front, startFront } from '../fixtures/front.js'
import { asks, repository, send, usePullBed } from '../fixtures/pull-bed.js'
import { startRegistry, type TestRegistry } from '../fixtures/registry.js'

const bed = usePullBed()
const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`
const json = (answer: ServerResponse, value: unknown, status = 200, headers = {}) =>
  send(answer, Buffer.from(JSON.stringify(value)), status, { 'content-type': 'application/json', ...headers })

describe('a registry with a token server', () => {
  let tokens: Front
  /** What the token server gives, and to whom. */
  let give: (asked: IncomingMessage, answer: ServerResponse) => true
  const valid = new Set<string>()

  beforeAll(async () => {
    tokens = await startFront('127.0.0.1:1')
    tokens.behave((asked, answer) => give(asked, answer))
  })
  afterAll(async () => tokens.stop())
  beforeEach(() => {
    valid.clear()
    tokens.seen.length = 0
    give = (_asked, answer) => {
      const token = `token-${valid.size}`
      valid.add(token)
      return json(answer, { token, expires_in: 60 })
    }
    bed.front.behave(challenge)
  })

  // The registry's side of the protocol: a request without a token that it gave out is told where to get one.
  const challenge = (asked: IncomingMessage, answer: ServerResponse) => {
    if (valid.has((asked.headers.authorization ?? '').replace('Bearer ', ''))) return false
    const scope = `repository:${repository}:pull`
    const header = `Bearer realm="http://${tokens.host}/token?kind=a",service="registry of tests",scope="${scope}"`
    return json(answer, { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }, 401, {
      'www-authenticate': header,
    })
  }

  it('is asked without a name for what everybody may have', async () => {
    expect((await bed.images.pull(bed.name)).id).toBe(bed.image.config.digest)
    const [asked] = tokens.seen
    const url = new URL(asked?.url ?? '', 'http://x')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      kind: 'a',
      service: 'registry of tests',
      scope: `repository:${repository}:pull`,
    })
    expect(asked?.headers.authorization).toBeUndefined()
  })

  it('gets the user’s name and password, of the call or of the options', async () => {
    await bed.images.pull(bed.name, { auth: { username: 'ann', password: 'secret' } })
    const configured = bed.manager({ credentials: { [bed.front.host]: { username: 'ann', password: 'secret' } } })
    await configured.pull(bed.name)
    expect(tokens.seen.map((each) => each.headers.authorization)).toEqual(tokens.seen.map(() => basic))
    expect(tokens.seen.length).toBeGreaterThanOrEqual(2)
    expect(bed.front.seen.every((each) => each.headers.authorization !== basic)).toBe(true)
  })

  it('gets the refresh token of an earlier login', async () => {
    const bodies: string[] = []
    give = (asked, answer) => {
      asked.on('data', (chunk: Buffer) => bodies.push(chunk.toString()))
      asked.on('end', () => {
        valid.add('fresh')
        json(answer, { access_token: 'fresh' })
      })
      return true
    }
    await bed.images.pull(bed.name, { auth: { identityToken: 'r3fresh' } })
    expect(Object.fromEntries(new URLSearchParams(bodies[0]))).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'r3fresh',
    })
  })

  it('is shown a token that the caller has', async () => {
    valid.add('ready-made')
    await bed.images.pull(bed.name, { auth: { registryToken: 'ready-made' } })
    expect(tokens.seen).toEqual([])
  })

  it('may let a token expire midway', async () => {
    let blobs = 0
    bed.front.behave((asked, answer) => {
      if (asked.url?.includes('/blobs/') === true && blobs++ === 1) valid.clear()
      return challenge(asked, answer)
    })
    expect((await bed.images.pull(bed.name)).id).toBe(bed.image.config.digest)
    expect(tokens.seen.length).toBeGreaterThan(1)
  })

  it('has a wrong password told as such', async () => {
    give = (_asked, answer) => json(answer, { details: 'incorrect username or password' }, 401)
    const pulling = bed.images.pull(bed.name, { auth: { username: 'ann', password: 'wrong' } })
    await expect(pulling).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('check the user name'),
    })
  })

  it('may deny, in Docker’s words', async () => {
    give = (_asked, answer) => json(answer, { token: 'of-no-use' })
    await expect(bed.images.pull(bed.name)).rejects.toMatchObject({
      code: 'permission-denied',
      message: expect.stringContaining(
        `pull access denied for ${bed.front.host}/${repository}, repository does not exist or may require`,
      ),
    })
    expect(await inventory(bed.containerd.client)).toEqual(nothing)
  })

  it.each([
    ['http://tokens.example/token', 'which is not https'],
    ['file:///etc/passwd', 'which is not https'],
    ['', 'which is not https'],
  ])('cannot send a password to %j', async (realm, message) => {
    bed.front.behave((_asked, answer) => json(answer, {}, 401, { 'www-authenticate': `Bearer realm="${realm}"` }))
    await expect(bed.images.pull(bed.name, { auth: { username: 'ann', password: 'secret' } })).rejects.toThrow(message)
  })

  it('cannot make a header of a token', async () => {
    give = (_asked, answer) => json(answer, { token: 'a\r\nx-evil: 1' })
    await expect(bed.images.pull(bed.name)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('no token'),
    })
  })
})

it('answers a registry that asks for name and password itself', async () => {
  bed.front.behave(
    (asked, answer) =>
      asked.headers.authorization !== basic && json(answer, {}, 401, { 'www-authenticate': 'Basic realm="x"' }),
  )
  expect((await bed.images.pull(bed.name, { auth: { username: 'ann', password: 'secret' } })).id).toBe(
    bed.image.config.digest,
  )
  await expect(bed.images.pull(bed.name)).rejects.toMatchObject({ code: 'permission-denied' })
  await expect(bed.images.pull(bed.name, { auth: { username: 'ann', password: 'no' } })).rejects.toMatchObject({
    code: 'unauthenticated',
  })
})

describe('a redirect', () => {
  let store: Front
  beforeAll(async () => {
    store = await startFront(bed.registry.host)
  })
  afterAll(async () => store.stop())

  it('takes no credentials to another host', async () => {
    bed.front.behave((asked, answer) => {
      if (asked.headers.authorization !== basic) return json(answer, {}, 401, { 'www-authenticate': 'Basic realm="x"' })
      if (!asks(asked, bed.layer(1))) return false
      return send(answer, Buffer.alloc(0), 307, { location: `http://${store.host}${asked.url}` })
    })
    expect((await bed.images.pull(bed.name, { auth: { username: 'ann', password: 'secret' } })).id).toBe(
      bed.image.config.digest,
    )
    expect(store.seen).toHaveLength(1)
    expect(store.seen[0]?.headers.authorization).toBeUndefined()
  })

  it('is not followed to other protocols, nor for ever', async () => {
    bed.front.behave(
      (asked, answer) =>
        asks(asked, bed.layer(1)) && send(answer, Buffer.alloc(0), 302, { location: 'ftp://127.0.0.1/x' }),
    )
    await expect(bed.images.pull(bed.name)).rejects.toThrow('which is not https')
    bed.front.behave(
      (asked, answer) => asks(asked, bed.layer(1)) && send(answer, Buffer.alloc(0), 302, { location: asked.url }),
    )
    await expect(bed.images.pull(bed.name)).rejects.toThrow('redirects more than 8 times')
    expect(await inventory(bed.containerd.client)).toEqual(nothing)
  })
})

describe('a registry with https', () => {
  let secure: TestRegistry
  beforeAll(async () => {
    secure = await startRegistry(certificate)
  })
  afterAll(async () => secure?.stop())
  const missing = { code: 'not-found', message: expect.stringContaining('manifest unknown') }

  it('must have a certificate that is trusted, on the loopback address too', async () => {
    await expect(bed.images.pull(`${secure.host}/a/b`)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)'),
    })
  })

  it('is trusted by the authority that is given for it', async () => {
    const trusting = bed.manager({ authorities: { [secure.host]: certificate.cert } })
    await expect(trusting.pull(`${secure.host}/a/b`)).rejects.toMatchObject(missing)
    const elsewhere = bed.manager({ authorities: { 'registry.example': certificate.cert } })
    await expect(elsewhere.pull(`${secure.host}/a/b`)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('need not be trusted where it is listed as insecure', async () => {
    await expect(bed.manager({ insecure: [secure.host] }).pull(`${secure.host}/a/b`)).rejects.toMatchObject(missing)
  })
})

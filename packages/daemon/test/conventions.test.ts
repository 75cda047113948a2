import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send } from './support/http-request.js'
import { openVolumeServer, type VolumeServer } from './support/volume-server.js'

let server: VolumeServer
beforeAll(async () => {
  server = await openVolumeServer()
})
afterAll(() => server.close())

const ask = (path: string, sending = {}) => send(server.socket, path, sending)

describe('paths and versions', () => {
  it('answers a ping with what clients negotiate from', async () => {
    for (const path of ['/_ping', '/v1.43/_ping', '/v1.24/_ping']) {
      const reply = await ask(path)
      expect([reply.status, reply.text]).toEqual([200, 'OK'])
      expect(reply.headers).toMatchObject({
        'api-version': '1.43',
        ostype: 'linux',
        'docker-experimental': 'false',
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'no-cache, no-store, must-revalidate',
        pragma: 'no-cache',
      })
    }
  })

  it('answers HEAD of a ping without a body', async () => {
    const reply = await ask('/_ping', { method: 'HEAD' })
    expect([reply.status, reply.text, reply.headers['content-length']]).toEqual([200, '', '0'])
    expect(reply.headers['api-version']).toBe('1.43')
  })

  it.each([
    [
      '/v1.23/_ping',
      'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
    ],
    [
      '/v1/volumes',
      'client version 1 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
    ],
    ['/v1.44/volumes', 'client version 1.44 is too new. Maximum supported API version is 1.43'],
    ['/v1.43.1/volumes', 'client version 1.43.1 is too new. Maximum supported API version is 1.43'],
  ])('refuses the version of %s', async (path, message) => {
    const reply = await ask(path)
    expect(reply.status).toBe(400)
    expect(reply.json).toMatchObject({ message })
    expect(reply.headers['api-version']).toBe('1.43')
  })

  it.each([
    ['GET', '/nope'],
    ['GET', '/v1.41/nope'],
    ['GET', '/vfoo/volumes'],
    ['PUT', '/containers/json'],
    ['POST', '/info'],
    ['POST', '/_ping'],
    ['GET', '/info/'],
    ['HEAD', '/info'],
  ])('does not find %s %s', async (method, path) => {
    const reply = await ask(path, { method })
    expect(reply.status).toBe(404)
    expect(reply.headers['api-version']).toBeUndefined()
    if (method !== 'HEAD')
      expect(reply.json).toEqual({ message: 'page not found', code: 'not-found', op: 'http.route' })
  })

  it('sends a client with doubled slashes to the clean path', async () => {
    const reply = await ask('/v1.41//volumes?filters=')
    expect([reply.status, reply.headers.location]).toEqual([301, '/v1.41/volumes?filters='])
  })

  it('answers OPTIONS on any path', async () => {
    expect((await ask('/volumes', { method: 'OPTIONS' })).status).toBe(200)
  })

  it('ignores an Upgrade header where nothing is upgraded', async () => {
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c' }
    const reply = await ask('/volumes', { headers })
    expect([reply.status, reply.json]).toEqual([200, { Volumes: [], Warnings: null }])
  })
})

describe('JSON bodies', () => {
  const create = (body: unknown, headers: Record<string, string> = {}) =>
    ask('/volumes/create', { method: 'POST', body, headers })
  const json = { 'content-type': 'application/json' }

  it.each<[string, string, Record<string, string>, RegExp]>([
    ['malformed JSON', '{bad}', json, /^invalid JSON: /],
    ['two documents', '{}{}', json, /^invalid JSON: /],
    [
      'another media type',
      '{}',
      { 'content-type': 'text/plain' },
      /^unsupported Content-Type header \(text\/plain\): must be 'application\/json'/,
    ],
    ['no media type', '{}', {}, /^malformed Content-Type header \(\)/],
    ['a list', '[]', json, /^invalid JSON: the body is a list where an object is expected/],
    ['a name that is a number', '{"Name":5}', json, /^invalid JSON: Name is a number where a string is expected/],
    ['labels that are a list', '{"Labels":["a"]}', json, /^invalid JSON: Labels is a list where an object is expected/],
    [
      'a label that is a number',
      '{"Labels":{"a":1}}',
      json,
      /^invalid JSON: Labels\["a"\] is a number where a string is expected/,
    ],
    ['bytes that are no text', '{"Name":"\xff"}', json, /not UTF-8/],
  ])('refuses %s', async (_what, body, headers, message) => {
    const reply = await create(Buffer.from(body, 'latin1'), headers)
    expect(reply.status).toBe(400)
    expect((reply.json as { message: string }).message).toMatch(message)
  })

  it('refuses a body that is longer than any request needs', async () => {
    const reply = await create(`{"Name":"${'x'.repeat(5 * 1024 * 1024)}"}`, json)
    expect([reply.status, (reply.json as { code: string }).code]).toEqual([400, 'invalid-argument'])
  })

  it('takes names of fields in any case, a charset, and fields that it does not know; null is absent', async () => {
    const reply = await create('{"nAmE":"lax","LABELS":{"a":"b"},"DriverOpts":null,"NoSuchField":[1]}', {
      'content-type': 'application/json; charset=utf-8',
    })
    expect(reply.status).toBe(201)
    expect(reply.json).toMatchObject({ Name: 'lax', Driver: 'local', Labels: { a: 'b' }, Options: null })
  })

  it('takes a chunked body', async () => {
    const reply = await create('{"Name":"chunked"}', { ...json, 'transfer-encoding': 'chunked' })
    expect(reply.status).toBe(201)
  })

  it('answers JSON as Docker does: its own content type and a line end', async () => {
    const reply = await ask('/volumes/lax')
    expect([reply.headers['content-type'], reply.text.endsWith('}\n')]).toEqual(['application/json', true])
  })
})

describe('the guard', () => {
  it('refuses web pages', async () => {
    const reply = await ask('/volumes', { headers: { origin: 'http://evil.example' } })
    expect([reply.status, (reply.json as { code: string }).code]).toEqual([403, 'permission-denied'])
  })

  it('refuses web pages on hijacked requests too', async () => {
    const headers = { origin: 'http://evil.example', connection: 'Upgrade', upgrade: 'tcp' }
    expect((await ask('/containers/x/attach?stream=1', { method: 'POST', headers })).status).toBe(403)
  })

  it('answers what is not HTTP with an error, and goes on', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect({ path: server.socket }, () => socket.write('\x00\x01garbage\r\n\r\n'))
      let text = ''
      socket.on('data', (data) => {
        text += data.toString()
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(text))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect((await ask('/_ping')).status).toBe(200)
  })
})

describe('what is not there', () => {
  it.each([
    ['POST', '/build', 501],
    ['POST', '/networks/create', 501],
    ['GET', '/swarm', 503],
  ])('says so for %s %s', async (method, path, status) => {
    const reply = await ask(path, { method })
    expect(reply.status).toBe(status)
    expect((reply.json as { message: string }).message.length).toBeGreaterThan(10)
  })
})

describe('/openapi.json', () => {
  it('describes every route with its parameters and replies', async () => {
    const { json } = await ask('/openapi.json')
    const document = json as {
      openapi: string
      paths: Record<string, Record<string, { operationId: string; parameters: object[]; responses: object }>>
    }
    expect(document.openapi).toBe('3.1.0')
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path))
    expect(operations.map(({ operationId }) => operationId)).toEqual(
      expect.arrayContaining(['VolumeCreate', 'ContainerAttach', 'PouchVolumeCreate']),
    )
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
    const inspect = document.paths['/volumes/{name}']?.get
    expect(inspect?.parameters).toEqual([{ name: 'name', in: 'path', required: true, schema: { type: 'string' } }])
    expect(Object.keys(inspect?.responses ?? {})).toEqual(['200', '400', '404', '500'])
  })
})

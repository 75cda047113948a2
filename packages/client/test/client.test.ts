import { PouchError } from '@pouch/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PouchClient } from '../src/index.js'
import { FakeDaemon } from './fake-daemon.js'

const caught = async (promise: Promise<unknown>): Promise<PouchError> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof PouchError)) throw new Error(`a PouchError was expected, not ${String(error)}`)
  return error
}

describe('PouchClient', () => {
  let daemon: FakeDaemon
  beforeEach(async () => {
    daemon = await FakeDaemon.start()
  })
  afterEach(() => daemon.stop())

  describe('version', () => {
    it('asks once, with HEAD, and puts the answer before every path', async () => {
      const client = daemon.client()
      await Promise.all([client.volumes.inspect('a'), client.volumes.inspect('b'), client.system.info()])
      expect(daemon.seen.filter(({ url }) => url === '/_ping').map(({ method }) => method)).toEqual(['HEAD'])
      expect(daemon.seen.map(({ url }) => url).sort()).toEqual([
        '/_ping',
        '/v1.43/info',
        '/v1.43/volumes/a',
        '/v1.43/volumes/b',
      ])
      client.close()
    })

    it.each([
      ['1.41', '1.41'],
      ['1.51', '1.43'],
      [undefined, '1.24'],
    ])('with a daemon of %s speaks %s', async (offered, spoken) => {
      daemon.apiVersion = offered
      expect(await daemon.client().system.apiVersion()).toBe(spoken)
    })

    it('asks again after a failure', async () => {
      daemon.apiVersion = '1.12'
      const client = daemon.client()
      expect(await caught(client.system.info())).toMatchObject({ code: 'unsupported' })
      daemon.apiVersion = '1.43'
      await expect(client.system.info()).resolves.toEqual({})
    })

    it('leaves paths of its own without a version', async () => {
      await daemon.client().pouch.createVolume({ name: 'v' })
      expect(daemon.seen).toMatchObject([{ method: 'POST', url: '/pouch/v1/volumes', body: '{"name":"v"}' }])
    })
  })

  describe('errors', () => {
    it('rebuilds the error of a body with a code', async () => {
      daemon.answer = (_, response) => {
        response.statusCode = 409
        response.end(
          '{"message":"in use by c1","code":"in-use","op":"volume.remove","subject":"v","details":{"holders":["c1"]}}',
        )
      }
      const error = await caught(daemon.client().volumes.remove('v'))
      expect(error).toMatchObject({
        code: 'in-use',
        message: 'in use by c1',
        subject: 'v',
        details: { holders: ['c1'] },
      })
    })

    it.each([
      [404, '{"message":"no such volume"}', 'not-found', 'no such volume'],
      [409, '{"message":"busy"}', 'conflict', 'busy'],
      [400, 'client version 1.2 is too old', 'invalid-argument', 'client version 1.2 is too old'],
      [502, '<html>', 'unavailable', '<html>'],
      [500, '', 'internal', 'the daemon answered 500 and said nothing more'],
      [404, '{"message":"x","code":"no-such-code"}', 'not-found', 'x'],
    ] as const)('makes one of status %i and %s', async (status, body, code, message) => {
      daemon.answer = (_, response) => {
        response.statusCode = status
        response.end(body)
      }
      const error = await caught(daemon.client().volumes.inspect('v'))
      expect(error).toMatchObject({ code, message, details: { status } })
    })

    it('says how to go on when nothing listens', async () => {
      const error = await caught(new PouchClient({ host: 'unix:///nonexistent/pouchd.sock' }).volumes.create({}))
      expect(error.code).toBe('unavailable')
      expect(error.message).toContain('is pouchd running?')
      expect(error.message).toContain('unix:///nonexistent/pouchd.sock')
    })

    it.each(['pouch', 'unix://relative', 'ftp://x', 'tcp://', 'tcp://h:1/path'])('refuses the address %s', (host) => {
      expect(() => new PouchClient({ host })).toThrow(PouchError)
    })
  })

  describe('connections', () => {
    it('reuses one connection for reads, and asks again when the daemon had dropped it', async () => {
      const client = daemon.client()
      await client.volumes.inspect('a')
      expect(daemon.sockets.size).toBe(1)
      let dropped = 0
      daemon.answer = (request, response) => {
        if (dropped > 0) return response.end('{"Name":"again"}')
        dropped += 1
        request.socket.destroy()
      }
      expect(await client.volumes.inspect('b')).toEqual({ Name: 'again' })
      expect(dropped).toBe(1)
    })

    it('never repeats what must not happen twice, and says that the outcome is unknown', async () => {
      const client = daemon.client()
      await client.volumes.inspect('a')
      daemon.answer = (request) => request.socket.destroy()
      const error = await caught(client.volumes.create({ Name: 'v' }))
      expect(error).toMatchObject({ code: 'timeout', op: 'volume.create' })
      expect(daemon.seen.filter(({ method }) => method === 'POST')).toHaveLength(1)
    })

    it('reports an answer that ends midway', async () => {
      daemon.answer = (request, response) => {
        response.writeHead(200, { 'content-length': 100 })
        response.write('{"Name":')
        setTimeout(() => request.socket.destroy(), 20)
      }
      expect(await caught(daemon.client().volumes.inspect('v'))).toMatchObject({ code: 'unavailable' })
    })

    it('ends a call by its signal and by its deadline', async () => {
      daemon.answer = () => undefined
      const stop = new AbortController()
      const waiting = caught(daemon.client().containers.wait('c', 'not-running', { signal: stop.signal }))
      setTimeout(() => stop.abort(), 50)
      expect((await waiting).code).toBe('aborted')
      expect((await caught(daemon.client({ timeoutMs: 50 }).system.info())).code).toBe('timeout')
    })

    it('encodes names, so that none is another route', async () => {
      await daemon.client().volumes.inspect('a/../../info?x#y')
      expect(daemon.seen.at(-1)?.url).toBe('/v1.43/volumes/a%2F..%2F..%2Finfo%3Fx%23y')
      expect(await caught(daemon.client().volumes.inspect('..'))).toMatchObject({ code: 'invalid-argument' })
    })
  })

  it('sends Docker what its routes take', async () => {
    const client = daemon.client()
    daemon.answer = (_, response) => response.end('[]')
    await client.containers.list({ all: true, filters: { label: ['a=b'] } })
    await client.images.remove('host:5000/a/b:1', { force: true })
    daemon.answer = (_, response) => {
      response.statusCode = 304
      response.end()
    }
    expect(await client.containers.start('c')).toBe(false)
    expect(await client.containers.stop('c', { timeoutSeconds: 3 })).toBe(false)
    expect(daemon.seen.slice(1).map(({ method, url }) => `${method} ${decodeURIComponent(url)}`)).toEqual([
      'GET /v1.43/containers/json?all=1&filters={"label":{"a=b":true}}',
      'DELETE /v1.43/images/host:5000/a/b:1?force=1',
      'POST /v1.43/containers/c/start',
      'POST /v1.43/containers/c/stop?t=3',
    ])
  })
})

import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { encodeFrame } from '@pouch/api'
import { isPouchError, type PouchError } from '@pouch/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FakeDaemon } from './fake-daemon.js'

let daemon: FakeDaemon
beforeEach(async () => {
  daemon = await FakeDaemon.start()
})
afterEach(() => daemon.stop())

const bytes = (text: string) => new TextEncoder().encode(text)
const failureOf = async (work: Promise<unknown>): Promise<PouchError> => {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (isPouchError(thrown)) return thrown
  throw new Error(`a PouchError was expected, not ${String(thrown)}`)
}
const framed = (response: ServerResponse, ...frames: Uint8Array[]) => {
  response.setHeader('content-type', 'application/vnd.docker.multiplexed-stream')
  for (const frame of frames) response.write(frame)
  return response
}

describe('export', () => {
  it('is a stream of the archive alone, and its warnings are told', async () => {
    daemon.answer = (_, response) =>
      framed(
        response,
        encodeFrame('stdout', bytes('one ')),
        encodeFrame('stderr', bytes('"a\\nsocket"\n')),
        encodeFrame('stdout', bytes('two')),
      ).end()
    const warnings: string[] = []
    const options = {
      compress: 'gzip',
      inconsistent: true,
      onWarning: (text: string) => void warnings.push(text),
    } as const
    const archive = await daemon.client().pouch.archives.export('a/b', options)
    expect(Buffer.concat(await archive.toArray()).toString()).toBe('one two')
    expect(warnings).toEqual(['a\nsocket'])
    expect(daemon.seen.at(-1)?.url).toBe('/pouch/v1/volumes/a%2Fb/archive?compress=gzip&inconsistent=1&frames=1')
  })

  it('fails with the daemon’s own error, in the middle too', async () => {
    daemon.answer = (_, response) => {
      response.statusCode = 409
      response.end('{"message":"v is in use","code":"in-use"}')
    }
    expect((await failureOf(daemon.client().pouch.archives.export('v'))).code).toBe('in-use')
    const error = '{"message":"the disk is broken","code":"corrupt","op":"volume.export","subject":"v"}\n'
    daemon.answer = (_, response) =>
      framed(response, encodeFrame('stdout', bytes('part')), encodeFrame('error', bytes(error))).end()
    const archive = await daemon.client().pouch.archives.export('v')
    expect(await failureOf(archive.toArray())).toMatchObject({
      code: 'corrupt',
      message: 'the disk is broken',
      subject: 'v',
    })
  })

  it('that breaks off is never taken for the whole', async () => {
    daemon.answer = (request, response) => {
      framed(response, encodeFrame('stdout', bytes('part')))
      setTimeout(() => request.socket.destroy(), 20)
    }
    const archive = await daemon.client().pouch.archives.export('v')
    expect((await failureOf(archive.toArray())).code).toBe('unavailable')
    daemon.answer = (_, response) => framed(response, encodeFrame('stdout', bytes('part')).subarray(0, 10)).end()
    const short = await daemon.client().pouch.archives.export('v')
    expect((await failureOf(short.toArray())).code).toBe('unavailable')
  })

  it('ends when its reader leaves', async () => {
    const closed = new Promise((resolve) => {
      daemon.answer = (request, response) => {
        framed(response, encodeFrame('stdout', bytes('tick')))
        request.socket.once('close', resolve)
      }
    })
    for await (const _ of await daemon.client().pouch.archives.export('v')) break
    await closed
  })
})

describe('import', () => {
  const volume = { name: 'v', driver: 'local' }

  it('sends what comes, with the options in the query', async () => {
    daemon.answer = (_, response) => response.end(JSON.stringify({ volume, warnings: ['w'] }))
    async function* tar() {
      for (let i = 0; i < 32; i += 1) yield new Uint8Array(65536)
    }
    const options = { name: 'v', driver: 'local', options: { size: '1m', o: 'a=b,c' }, labels: { tier: 'db' } }
    expect(await daemon.client().pouch.archives.import(tar(), options)).toEqual({ volume, warnings: ['w'] })
    const { method, url = '', headers } = daemon.seen.at(-1) ?? {}
    const { searchParams } = new URL(url, 'http://x')
    expect([method, Object.fromEntries(searchParams), headers?.['content-type']]).toEqual([
      'POST',
      { name: 'v', driver: 'local', options: '{"size":"1m","o":"a=b,c"}', labels: '{"tier":"db"}' },
      'application/x-tar',
    ])
    expect(daemon.receivedBytes).toBe(32 * 65536)
  })

  it.each(['unix', 'tcp'])('that is refused over %s reads its source no more', async (kind) => {
    const options = kind === 'tcp' ? { host: await daemon.listenOnTcp() } : {}
    daemon.onRequest = (request, response) => {
      const body = '{"message":"v is there already","code":"already-exists"}'
      response.writeHead(409, { 'content-type': 'application/json', 'content-length': body.length })
      response.write(body)
      request.resume()
    }
    let sent = 0
    let isLeft = false
    async function* endless() {
      try {
        for (;;) {
          sent += 1
          yield new Uint8Array(65536)
          await delay(1)
        }
      } finally {
        isLeft = true
      }
    }
    expect((await failureOf(daemon.client(options).pouch.archives.import(endless()))).code).toBe('already-exists')
    await expect.poll(() => isLeft).toBe(true)
    const atEnd = sent
    await delay(30)
    expect(sent).toBe(atEnd)
  })

  it('whose source fails ends the request, and tells that failure', async () => {
    let aborted: unknown
    daemon.onRequest = (request) => {
      aborted = once(request, 'aborted')
      request.resume()
    }
    async function* broken() {
      yield bytes('part')
      await delay(20)
      throw Object.assign(new Error('read EIO'), { code: 'EIO' })
    }
    const error = await failureOf(daemon.client().pouch.archives.import(broken()))
    expect(error.message).toMatch(/^what was to be sent to the daemon could not be read/)
    expect(error.cause).toMatchObject({ code: 'EIO' })
    await aborted
  })
})

describe('migrate', () => {
  const migrate = (listener = {}) => daemon.client().pouch.archives.migrate('v', { driver: 'local' }, listener)

  it('tells how far it is, and gives the volume', async () => {
    daemon.answer = (_, response) =>
      response.end(
        '{"progress":{"files":1,"bytes":10}}\n{"warning":"a socket"}\n{"volume":{"name":"v","driver":"local"}}\n',
      )
    const told: unknown[] = []
    const onProgress = (progress: unknown) => void told.push(progress)
    expect(await migrate({ onProgress, onWarning: onProgress })).toEqual({ name: 'v', driver: 'local' })
    expect(told).toEqual([{ files: 1, bytes: 10 }, 'a socket'])
    expect(daemon.seen.at(-1)).toMatchObject({
      method: 'POST',
      url: '/pouch/v1/volumes/v/migrate',
      body: '{"driver":"local"}',
    })
  })

  it('fails with the error of the last line, and knows nothing without a last line', async () => {
    daemon.answer = (_, response) => response.end('{"error":{"message":"they differ","code":"conflict"}}\n')
    expect(await failureOf(migrate())).toMatchObject({ code: 'conflict', message: 'they differ' })
    daemon.answer = (_, response) => response.end('{"progress":{"files":1,"bytes":10}}\n')
    expect((await failureOf(migrate())).code).toBe('timeout')
  })
})

it('the other routes of the facets', async () => {
  const { pouch } = daemon.client()
  daemon.answer = (_, response) => response.end('{"snapshots":[],"volumes":[],"drivers":[]}')
  await pouch.createVolume({ name: 'n', from: { volume: 'v', snapshot: 's' } })
  await pouch.updateVolume('v', { labels: { a: null }, sizeBytes: 5 })
  await pouch.renameVolume('v', 'w')
  await pouch.volumeDetails('v')
  await pouch.volumeUsage('v')
  expect(await pouch.volumeUsages({ driver: ['local'] })).toEqual([])
  expect(await pouch.drivers()).toEqual([])
  expect(await pouch.snapshots.list('v')).toEqual([])
  await pouch.snapshots.create('v', { name: 's', allowInconsistent: true })
  await pouch.snapshots.remove('v', 's')
  await pouch.snapshots.restore('v', 's')
  await pouch.removeVolume('v', { force: true })
  expect(daemon.seen.map(({ method, url, body }) => `${method} ${decodeURIComponent(url)} ${body}`.trim())).toEqual([
    'POST /pouch/v1/volumes {"name":"n","from":{"volume":"v","snapshot":"s"}}',
    'PATCH /pouch/v1/volumes/v {"labels":{"a":null},"sizeBytes":5}',
    'POST /pouch/v1/volumes/v/rename {"name":"w"}',
    'GET /pouch/v1/volumes/v/details',
    'GET /pouch/v1/volumes/v/usage',
    'GET /pouch/v1/usage?filters={"driver":{"local":true}}',
    'GET /pouch/v1/drivers',
    'GET /pouch/v1/volumes/v/snapshots',
    'POST /pouch/v1/volumes/v/snapshots {"name":"s","allowInconsistent":true}',
    'DELETE /pouch/v1/volumes/v/snapshots/s',
    'POST /pouch/v1/volumes/v/snapshots/s/restore',
    'DELETE /pouch/v1/volumes/v?force=1',
  ])
})

describe('backup', () => {
  it('is a stream of the bytes', async () => {
    daemon.answer = (_, response) => response.writeHead(200, { 'content-length': 7 }).end('a store')
    const backup = await daemon.client().pouch.backup()
    expect(Buffer.concat(await backup.toArray()).toString()).toBe('a store')
    expect(daemon.seen).toMatchObject([{ method: 'GET', url: '/pouch/v1/backup' }])
  })

  it('fails when there is none, and when it breaks off', async () => {
    daemon.answer = (_, response) => response.writeHead(501).end('{"message":"in memory","code":"unsupported"}')
    expect((await failureOf(daemon.client().pouch.backup())).code).toBe('unsupported')
    daemon.answer = (_, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('half')
      setTimeout(() => response.destroy(), 20)
    }
    const broken = await daemon.client().pouch.backup()
    expect(await failureOf(broken.toArray())).toMatchObject({ code: 'unavailable', op: 'system.backup' })
  })

  it('ends the request when it is destroyed', async () => {
    const closed = new Promise((resolve) => {
      daemon.answer = (_, response) => {
        response.once('close', resolve)
        response.writeHead(200, { 'content-length': 1000 }).write('begin')
      }
    })
    const backup = await daemon.client().pouch.backup()
    for await (const _ of backup) break
    await closed
  })
})

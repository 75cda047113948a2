import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { encodeFrame } from '@pouch/api'
import { isPouchError, type PouchError } from '@pouch/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OutputChunk } from '../src/index.js'
import { FakeDaemon } from './fake-daemon.js'

const framed = 'application/vnd.docker.multiplexed-stream'
const bytes = (text: string) => new TextEncoder().encode(text)

const collect = async (chunks: AsyncIterable<OutputChunk>): Promise<Record<string, string>> => {
  const all: Record<string, string> = { stdout: '', stderr: '' }
  for await (const { stream, data } of chunks) all[stream] += Buffer.from(data).toString()
  return all
}

const failureOf = async (reading: Promise<unknown>): Promise<PouchError> => {
  try {
    await reading
  } catch (error) {
    if (isPouchError(error)) return error
    throw error
  }
  throw new Error('it was expected to fail')
}

const drain = async (stream: AsyncIterable<unknown>): Promise<unknown[]> => {
  const all: unknown[] = []
  for await (const one of stream) all.push(one)
  return all
}

/** Sends bytes so that each piece arrives by itself. */
function sendInPieces(response: ServerResponse, data: Uint8Array, pieceBytes: number): void {
  if (data.byteLength === 0) return void response.end()
  response.write(data.subarray(0, pieceBytes))
  setTimeout(() => sendInPieces(response, data.subarray(pieceBytes), pieceBytes), 1)
}

describe('streams', () => {
  let daemon: FakeDaemon
  beforeEach(async () => {
    daemon = await FakeDaemon.start()
  })
  afterEach(() => daemon.stop())

  describe('logs', () => {
    it('are taken apart whatever pieces they come in', async () => {
      const wire = Buffer.concat([
        encodeFrame('stdout', bytes('one\n')),
        encodeFrame('stderr', bytes('two\n')),
        encodeFrame('stdout', bytes('')),
      ])
      daemon.answer = (_, response) => {
        response.setHeader('content-type', framed)
        sendInPieces(response, wire, 3)
      }
      expect(await collect(daemon.client().containers.logs('c', { tail: 5 }))).toEqual({
        stdout: 'one\n',
        stderr: 'two\n',
      })
      expect(daemon.seen.at(-1)?.url).toBe('/v1.43/containers/c/logs?stdout=1&stderr=1&tail=5')
    })

    it('of a terminal are bytes, which an old daemon has to be asked about', async () => {
      daemon.apiVersion = '1.41'
      daemon.answer = (request, response) => {
        if (request.url?.endsWith('/json')) return response.end('{"Config":{"Tty":true}}')
        response.end('\u0001raw')
      }
      expect(await collect(daemon.client().containers.logs('c'))).toEqual({ stdout: '\u0001raw', stderr: '' })
    })

    it.each([
      ['garbage', Buffer.from('this is no frame'), 'corrupt'],
      ['a hostile length', Buffer.from([1, 0, 0, 0, 255, 255, 255, 255, 1]), 'corrupt'],
      ['a broken end', Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 65]), 'unavailable'],
      ['an error of the daemon', Buffer.from(encodeFrame('error', bytes('disk on fire\n'))), 'internal'],
    ] as const)('report %s', async (_, wire, code) => {
      daemon.answer = (_request, response) => {
        response.setHeader('content-type', framed)
        response.end(wire)
      }
      expect((await failureOf(collect(daemon.client().containers.logs('c')))).code).toBe(code)
    })

    it('end the request when the loop is left', async () => {
      const closed = new Promise((resolve) => {
        daemon.answer = (request, response) => {
          response.setHeader('content-type', framed)
          response.write(encodeFrame('stdout', bytes('tick')))
          request.socket.once('close', resolve)
        }
      })
      for await (const _ of daemon.client().containers.logs('c', { follow: true })) break
      await closed
    })
  })

  describe('progress and events', () => {
    it('come one by one, and a failure in the stream is thrown', async () => {
      daemon.answer = (_, response) => {
        const text =
          '{"status":"Pulling","id":"latest"}\r\n{"status":"äöüäöü"}\r\n{"errorDetail":{"code":404,"message":"manifest unknown"},"error":"manifest unknown"}\r\n'
        sendInPieces(response, Buffer.from(text), 5)
      }
      const seen: unknown[] = []
      const pulling = (async () => {
        for await (const message of daemon.client().images.pull('host:5000/a/b')) seen.push(message)
      })()
      expect(await failureOf(pulling)).toMatchObject({
        code: 'not-found',
        message: 'manifest unknown',
        op: 'image.pull',
      })
      expect(seen).toEqual([{ status: 'Pulling', id: 'latest' }, { status: 'äöüäöü' }])
      expect(daemon.seen.at(-1)?.url).toBe('/v1.43/images/create?fromImage=host%3A5000%2Fa%2Fb&tag=latest')
    })

    it('refuse what is not JSON', async () => {
      daemon.answer = (_, response) => response.end('<html>\n')
      expect((await failureOf(drain(daemon.client().system.events()))).code).toBe('corrupt')
    })

    it('stop with their signal', async () => {
      daemon.answer = (_, response) => void response.write('{"Type":"volume"}\n')
      const stop = new AbortController()
      const reading = (async () => {
        for await (const event of daemon.client().system.events({}, { signal: stop.signal })) {
          expect(event).toEqual({ Type: 'volume' })
          stop.abort()
        }
      })()
      expect((await failureOf(reading)).code).toBe('aborted')
    })

    it('send a tar as it comes', async () => {
      let sent = 0
      daemon.answer = (_, response) => response.end('{"stream":"Loaded image: x\\n"}\n')
      async function* tar() {
        for (let i = 0; i < 64; i += 1) {
          sent += 65536
          yield new Uint8Array(65536).fill(i)
        }
      }
      const messages = await drain(daemon.client().images.load(tar()))
      expect(messages).toEqual([{ stream: 'Loaded image: x\n' }])
      expect(daemon.seen.at(-1)).toMatchObject({
        url: '/v1.43/images/load?quiet=0',
        headers: { 'content-type': 'application/x-tar' },
      })
      expect(sent).toBe(64 * 65536)
      expect(daemon.receivedBytes).toBe(64 * 65536)
    })
  })

  describe('attach and exec', () => {
    it('goes both ways, and the end of the input leaves the output open', async () => {
      daemon.onUpgrade = (socket) => {
        socket.write(`HTTP/1.1 101 UPGRADED\r\nContent-Type: ${framed}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`)
        socket.write(encodeFrame('stderr', bytes('ready ')))
        const parts: Buffer[] = []
        socket.on('data', (part) => parts.push(part))
        socket.on('end', () => socket.end(encodeFrame('stdout', Buffer.concat([Buffer.from('echo '), ...parts]))))
      }
      const streams = await daemon.client().containers.attach('c', { stdin: true })
      streams.stdin.write('hello')
      streams.stdin.end()
      expect(await collect(streams.output)).toEqual({ stdout: 'echo hello', stderr: 'ready ' })
      expect(streams.tty).toBe(false)
    })

    it('is raw with a terminal, and close ends the output without an error', async () => {
      daemon.onUpgrade = (socket) => {
        socket.write(
          'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n$ ',
        )
      }
      const streams = await daemon.client().execs.start('e', { tty: true })
      for await (const { data } of streams.output) {
        expect(Buffer.from(data).toString()).toBe('$ ')
        streams.close()
      }
    })

    it('throws what the daemon answers instead, plain text too', async () => {
      daemon.onUpgrade = (socket) => {
        socket.end(
          'HTTP/1.1 404 Not Found\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nNo such container: c\r\n',
        )
      }
      expect(await failureOf(daemon.client().containers.attach('c'))).toMatchObject({
        code: 'not-found',
        message: 'No such container: c',
      })
    })

    it('reports a connection that breaks, and stops with its signal', async () => {
      const head = `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${framed}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`
      daemon.onUpgrade = (socket) => socket.write(head, () => socket.end(Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 65])))
      const broken = await daemon.client().containers.attach('c')
      expect((await failureOf(collect(broken.output))).code).toBe('unavailable')
      daemon.onUpgrade = (socket) => socket.write(head)
      const stop = new AbortController()
      const streams = await daemon.client().containers.attach('c', {}, { signal: stop.signal })
      setTimeout(() => stop.abort(), 20)
      expect((await failureOf(collect(streams.output))).code).toBe('aborted')
    })

    it('does not read ahead of a slow reader', async () => {
      let written = 0
      daemon.onUpgrade = (socket) => {
        socket.write(`HTTP/1.1 101 UPGRADED\r\nContent-Type: ${framed}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`)
        const frame = encodeFrame('stdout', new Uint8Array(64 * 1024))
        void (async () => {
          for (let i = 0; i < 500; i += 1) {
            written += frame.byteLength
            if (!socket.write(frame)) await once(socket, 'drain')
          }
          socket.end()
        })()
      }
      const streams = await daemon.client().containers.attach('c')
      const reader = streams.output[Symbol.asyncIterator]()
      await reader.next()
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(written).toBeLessThan(4 * 1024 * 1024)
      let read = 0
      for await (const { data } of { [Symbol.asyncIterator]: () => reader }) read += data.byteLength
      expect(read).toBeGreaterThan(499 * 64 * 1024)
      expect(written).toBe(500 * (64 * 1024 + 8))
    })
  })

  it('a wait is known to have begun before its end', async () => {
    let finish = () => undefined as unknown
    daemon.answer = (_, response) => {
      response.flushHeaders()
      finish = () => response.end('{"StatusCode":42}')
    }
    const { exit } = await daemon.client().containers.beginWait('c', 'next-exit')
    finish()
    expect(await exit).toEqual({ StatusCode: 42 })
  })
})

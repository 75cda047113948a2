import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { FrameDecoder } from '@pouch/api'
import { PouchError } from '@pouch/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ArchiveReply } from '../src/pouch/archive-reply.js'
import { silent } from './support/silent-log.js'

let folder: string
let server: Server
let serve: (response: ServerResponse) => Promise<unknown>
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pouchd-archive-'))
  server = createServer((_, response) => void serve(response))
  server.listen(join(folder, 's'))
  await once(server, 'listening')
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function get(): Promise<IncomingMessage> {
  const outgoing = request({ socketPath: join(folder, 's'), path: '/', agent: false })
  outgoing.end()
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  return incoming
}

const reply = (response: ServerResponse, framed: boolean, compress?: 'gzip' | 'zstd') =>
  new ArchiveReply(response, { volume: 'v', compress, framed, log: silent })

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('the first part')
  throw new PouchError('corrupt', 'the disk is broken', { op: 'volume.export', subject: 'v' })
}

/** All frames of a reply, joined by stream. */
async function framesOf(incoming: IncomingMessage): Promise<Record<string, string>> {
  const decoder = new FrameDecoder()
  const told: Record<string, string> = {}
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    for (const { stream, data } of decoder.decode(chunk)) told[stream] = (told[stream] ?? '') + Buffer.from(data)
  }
  decoder.end()
  return told
}

describe('an archive that fails midway', () => {
  it('is broken off, and never ended', async () => {
    serve = (response) => reply(response, false).send(failing())
    const incoming = await get()
    expect(incoming.headers['content-type']).toBe('application/x-tar')
    await expect(incoming.toArray()).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(incoming.complete).toBe(false)
  })

  it('in frames has the error as the last one', async () => {
    serve = (response) => reply(response, true).send(failing())
    const { stdout, error = '' } = await framesOf(await get())
    expect(stdout).toBe('the first part')
    expect(JSON.parse(error)).toEqual({
      message: 'the disk is broken',
      code: 'corrupt',
      op: 'volume.export',
      subject: 'v',
    })
  })

  it('before its first bytes is an ordinary error', async () => {
    let thrown: unknown
    serve = async (response) => {
      const archive = failing()
      await archive.next()
      thrown = await reply(response, false)
        .send(archive)
        .catch((error: unknown) => error)
      response.writeHead(500).end()
    }
    expect([(await get()).statusCode, thrown]).toEqual([500, expect.objectContaining({ code: 'corrupt' })])
  })
})

describe('an archive', () => {
  it('comes with its warnings between its parts', async () => {
    serve = (response) => {
      const answer = reply(response, true, 'gzip')
      return answer.send(
        (async function* () {
          answer.warn('a socket\nwas left out')
          yield Buffer.from('one')
          answer.warn('another one')
        })(),
      )
    }
    const incoming = await get()
    expect(incoming.headers['content-type']).toBe('application/vnd.docker.multiplexed-stream')
    expect(await framesOf(incoming)).toEqual({
      stdout: 'one',
      stderr: '"a socket\\nwas left out"\n"another one"\n',
    })
  })

  it('tells what it is compressed with, also when it is empty', async () => {
    serve = (response) => reply(response, false, 'zstd').send((async function* () {})())
    const incoming = await get()
    incoming.resume()
    await once(incoming, 'end')
    expect([incoming.statusCode, incoming.headers['content-type'], incoming.complete]).toEqual([
      200,
      'application/zstd',
      true,
    ])
  })

  it('is read at the pace of the client, and no more once the client has gone', async () => {
    const total = 400
    let given = 0
    let isOver = false
    serve = async (response) => {
      const archive = (async function* () {
        for (; given < total; given += 1) yield new Uint8Array(64 * 1024)
      })()
      await reply(response, false).send(archive)
      isOver = true
    }
    const incoming = await get()
    incoming.pause()
    await delay(200)
    const ahead = given
    expect(ahead).toBeGreaterThan(0)
    expect(ahead).toBeLessThan(40)
    incoming.destroy()
    await expect.poll(() => isOver).toBe(true)
    expect(given).toBeLessThan(ahead + 4)
  })
})

import { once } from 'node:events'
import { encodeFrame, FrameDecoder } from '@pouch/api'
import { PouchError } from '@pouch/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { send } from './support/http-request.js'
import { bodyOf, headOf, RawConnection } from './support/raw-connection.js'
import { type Script, ScriptedContainers } from './support/scripted-containers.js'
import { openVolumeServer, type VolumeServer } from './support/volume-server.js'

const containers = new ScriptedContainers()
let server: VolumeServer
beforeAll(async () => {
  server = await openVolumeServer({ containers: containers.manager })
})
afterAll(() => server.close())

const upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\n'
const attachPath = (id: string, query = 'stream=1&stdin=1&stdout=1&stderr=1') => `/containers/${id}/attach?${query}`

function open(path: string, headers: string = upgrade, body = ''): RawConnection {
  const connection = new RawConnection(server.socket)
  connection.socket.write(`POST ${path} HTTP/1.1\r\nHost: docker\r\n${headers}\r\n${body}`)
  return connection
}

/** cat: gives back what it gets, and says goodbye when its stdin ends. */
const echo: Script['run'] = async function* (stdin) {
  for await (const data of stdin) yield { stream: 'stdout', data }
  yield { stream: 'stderr', data: Buffer.from('bye') }
}

function decode(bytes: Buffer): string[] {
  const decoder = new FrameDecoder()
  return [...decoder.decode(bytes)].map(({ stream, data }) => `${stream}:${Buffer.from(data).toString()}`)
}

describe('attach', () => {
  it('upgrades, frames what comes out, and passes what goes in with its half-close', async () => {
    containers.add('cat', { run: echo })
    const connection = open(`/v1.43${attachPath('cat')}`)
    const head = headOf(await connection.until((got) => got.includes('\r\n\r\n')))
    expect(head).toEqual([
      'HTTP/1.1 101 UPGRADED',
      'Content-Type: application/vnd.docker.multiplexed-stream',
      'Connection: Upgrade',
      'Upgrade: tcp',
    ])
    connection.socket.write('hello')
    await connection.until((got) => got.includes('hello'))
    connection.socket.end()
    expect(decode(bodyOf(await connection.toEnd()))).toEqual(['stdout:hello', 'stderr:bye'])
  })

  it.each([
    ['/v1.41', upgrade, 'application/vnd.docker.raw-stream'],
    ['/v1.42', upgrade, 'application/vnd.docker.multiplexed-stream'],
    ['', upgrade, 'application/vnd.docker.multiplexed-stream'],
    ['/v1.43', '', 'application/vnd.docker.raw-stream'],
  ])('at %s names its content type', async (version, headers, type) => {
    containers.add('quiet', { run: async function* () {} })
    const head = headOf(await open(version + attachPath('quiet'), headers).toEnd())
    expect(head).toContain(`Content-Type: ${type}`)
    expect(head[0]).toBe(headers === '' ? 'HTTP/1.1 200 OK' : 'HTTP/1.1 101 UPGRADED')
  })

  it('takes stdin that comes in one piece with the request, without an Upgrade header too', async () => {
    containers.add('early', { run: echo })
    for (const headers of [upgrade, 'Content-Length: 0\r\n', 'Content-Type: text/plain\r\n']) {
      const connection = open(attachPath('early'), headers, 'GET / HTTP/1.1\r\n\r\nearly bird')
      connection.socket.end()
      expect(decode(bodyOf(await connection.toEnd())).join('')).toBe(
        'stdout:GET / HTTP/1.1\r\n\r\nearly birdstderr:bye',
      )
    }
  })

  it('sends a terminal’s output as it is', async () => {
    containers.add('tty', { tty: true, run: echo })
    const connection = open(attachPath('tty'))
    const head = await connection.until((got) => got.includes('\r\n\r\n'))
    expect(headOf(head)).toContain('Content-Type: application/vnd.docker.raw-stream')
    connection.socket.end('plain')
    expect(bodyOf(await connection.toEnd()).toString()).toBe('plainbye')
  })

  it('passes 20 MB through whole, both ways at once', async () => {
    containers.add('bulk', {
      tty: true,
      run: async function* (stdin) {
        for await (const data of stdin) yield { stream: 'stdout', data }
      },
    })
    const connection = open(attachPath('bulk'))
    const block = Buffer.from(Array.from({ length: 65_536 }, (_, index) => index % 251))
    for (let sent = 0; sent < 320; sent += 1)
      if (!connection.socket.write(block)) await once(connection.socket, 'drain')
    connection.socket.end()
    const got = bodyOf(await connection.toEnd())
    expect(got.byteLength).toBe(320 * 65_536)
    for (let at = 0; at < got.byteLength; at += 65_536)
      if (!got.subarray(at, at + 65_536).equals(block)) throw new Error(`byte ${at} on is wrong`)
  })

  it('stops reading a process whose client does not read, and goes on when it does', async () => {
    let produced = 0
    const block = Buffer.alloc(65_536, 'x')
    containers.add('flood', {
      run: async function* () {
        for (; produced < 64 * 1024 * 1024; produced += block.byteLength) yield { stream: 'stdout', data: block }
      },
    })
    const connection = open(attachPath('flood', 'stream=1&stdout=1'))
    connection.socket.pause()
    await new Promise((resolve) => setTimeout(resolve, 300))
    const whilePaused = produced
    expect(whilePaused).toBeLessThan(8 * 1024 * 1024)
    connection.socket.resume()
    const total = bodyOf(await connection.toEnd()).byteLength
    expect(total).toBe(1024 * (65_536 + 8))
  })

  it('lets go of the process when its output finds no client any more', async () => {
    const before = containers.closed.length
    containers.add('ticker', {
      run: async function* () {
        for (let open = true; open; open = containers.closed.length === before) {
          yield { stream: 'stdout', data: Buffer.from('tick') }
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      },
    })
    const connection = open(attachPath('ticker'))
    await connection.until((got) => got.includes('tick'))
    connection.socket.destroy()
    await expect.poll(() => containers.closed.length).toBeGreaterThan(before)
  })

  it('asks for what the query says', async () => {
    containers.add('options', { run: async function* () {} })
    await open(attachPath('options', 'logs=1&stdout=true&stderr=0&stdin=1&detachKeys=ctrl-x')).toEnd()
    expect(containers.options.at(-1)).toMatchObject({
      logs: true,
      stream: false,
      stdin: false,
      stdout: true,
      stderr: false,
      detachKeys: 'ctrl-x',
    })
  })

  it('tells what is wrong in plain text', async () => {
    containers.add('paused', { status: 'paused', run: echo })
    const missing = await open(attachPath('nope')).toEnd()
    expect(headOf(missing).slice(0, 2)).toEqual([
      'HTTP/1.1 404 Not Found',
      'Content-Type: application/vnd.docker.raw-stream',
    ])
    expect(bodyOf(missing).toString()).toBe('No such container: nope\r\n')
    const paused = await open(attachPath('paused')).toEnd()
    expect([headOf(paused)[0], bodyOf(paused).toString()]).toEqual([
      'HTTP/1.1 409 Conflict',
      'container paused is paused, unpause the container before attach\r\n',
    ])
    const old = await open(`/v1.12${attachPath('cat')}`).toEnd()
    expect(headOf(old)[0]).toBe('HTTP/1.1 400 Bad Request')
    const bad = await open('/containers/%zz/attach').toEnd()
    expect(headOf(bad)[0]).toBe('HTTP/1.1 400 Bad Request')
  })
})

describe('exec start', () => {
  const start = (id: string, json: string, headers = upgrade, rest = '') =>
    open(
      `/v1.43/exec/${id}/start`,
      `${headers}Content-Type: application/json\r\nContent-Length: ${json.length}\r\n`,
      json + rest,
    )

  it('reads the JSON body and takes what follows it as stdin', async () => {
    containers.add('exec', { run: echo })
    const connection = start('exec', '{"Detach":false,"Tty":false}', upgrade, 'in the same packet')
    connection.socket.end()
    const reply = await connection.toEnd()
    expect(headOf(reply)).toEqual(
      expect.arrayContaining([
        'HTTP/1.1 101 UPGRADED',
        'Content-Type: application/vnd.docker.multiplexed-stream',
        'api-version: 1.43',
      ]),
    )
    expect(decode(bodyOf(reply))).toEqual(['stdout:in the same packet', 'stderr:bye'])
  })

  it('waits for a body that comes late and in pieces, also chunked', async () => {
    containers.add('late', { run: echo })
    const json = '{"Tty":true,"ConsoleSize":[24,80]}'
    const connection = open(
      '/exec/late/start',
      `${upgrade}Content-Type: application/json\r\nContent-Length: ${json.length}\r\n`,
    )
    for (const char of json) {
      connection.socket.write(char)
      await new Promise((resolve) => setImmediate(resolve))
    }
    connection.socket.end('typed')
    expect(bodyOf(await connection.toEnd()).toString()).toBe('typedbye')
    expect(containers.options.at(-1)).toMatchObject({ tty: true, consoleSize: { height: 24, width: 80 } })

    const chunked = open(
      '/exec/late/start',
      `${upgrade}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n`,
      '5\r\n{"Tty\r\n7\r\n":true}\r\n0\r\n\r\nx',
    )
    chunked.socket.end()
    expect(bodyOf(await chunked.toEnd()).toString()).toBe('xbye')
  })

  it('answers a detached start as any request', async () => {
    containers.add('detached', { run: echo })
    const reply = await send(server.socket, '/exec/detached/start', { method: 'POST', body: { Detach: true } })
    expect([reply.status, reply.text]).toEqual([200, ''])
    expect(containers.options.at(-1)).toMatchObject({ detach: true })
  })

  it('tells a failure to start in the stream, framed unless there is a terminal', async () => {
    const failure = new PouchError('invalid-argument', 'exec: "/nope": no such file or directory', { op: 'exec.start' })
    containers.add('failing', { run: echo, failure })
    const framed = await start('failing', '{}').toEnd()
    expect([headOf(framed)[0], bodyOf(framed)]).toEqual([
      'HTTP/1.1 101 UPGRADED',
      Buffer.from(encodeFrame('stdout', Buffer.from(`${failure.message}\r\n`))),
    ])
    const tty = await start('failing', '{"Tty":true}').toEnd()
    expect(bodyOf(tty).toString()).toBe(`${failure.message}\r\n`)
    const detached = await send(server.socket, '/exec/failing/start', { method: 'POST', body: { Detach: true } })
    expect([detached.status, detached.json]).toMatchObject([400, { message: failure.message }])
  })

  it.each([
    ['{bad', /invalid JSON/],
    ['{"Tty":"yes"}', /Tty is a string where a boolean is expected/],
  ])('refuses the body %s', async (json, message) => {
    containers.add('strict', { run: echo })
    const reply = await start('strict', json).toEnd()
    expect(headOf(reply)[0]).toBe('HTTP/1.1 400 Bad Request')
    expect(bodyOf(reply).toString()).toMatch(message)
  })

  it('does not find an exec that is not there', async () => {
    const reply = await send(server.socket, '/exec/nope/start', { method: 'POST', body: {} })
    expect([reply.status, reply.json]).toMatchObject([404, { message: 'No such exec instance: nope' }])
  })
})

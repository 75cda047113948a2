import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PouchClient } from '../src/index.js'
import { certificate } from './certificate.js'

const { cert, key } = certificate

describe('over TLS', () => {
  let server: Server
  let host = ''
  beforeEach(async () => {
    server = createServer({ cert, key, ca: cert, requestCert: true, rejectUnauthorized: true }, (request, response) => {
      response.setHeader('api-version', '1.43')
      response.end(request.url === '/_ping' ? undefined : '{"Name":"v"}')
    })
    server.on('upgrade', (_, socket: Socket) => {
      socket.end(
        'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhi',
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    host = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('calls and streams work with certificates', async () => {
    const client = new PouchClient({ host, tls: { ca: cert, cert, key } })
    expect(await client.volumes.inspect('v')).toEqual({ Name: 'v' })
    const streams = await client.execs.start('e', { tty: true })
    for await (const { data } of streams.output) expect(Buffer.from(data).toString()).toBe('hi')
    client.close()
  })

  it('a daemon that nobody vouches for is refused, and says that certificates are the matter', async () => {
    const client = new PouchClient({ host, tls: { cert, key } })
    const error = await client.volumes.inspect('v').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unauthenticated', message: expect.stringContaining('certificate') })
    await expect(client.execs.start('e')).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  it('without a certificate of its own, or without TLS, a client gets nothing', async () => {
    await expect(new PouchClient({ host, tls: { ca: cert } }).volumes.inspect('v')).rejects.toMatchObject({
      name: 'PouchError',
    })
    await expect(new PouchClient({ host }).volumes.inspect('v')).rejects.toMatchObject({ code: 'unavailable' })
  })
})

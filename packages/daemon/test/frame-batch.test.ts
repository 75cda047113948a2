import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { FrameBatch } from '../src/docker/frame-batch.js'
import { StreamReply } from '../src/http/stream-reply.js'

const server = createServer()

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

async function connected(): Promise<{ reply: StreamReply; batch: FrameBatch; incoming: IncomingMessage }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const outgoing = get({ port: (server.address() as AddressInfo).port, agent: false })
  const [, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse]
  const reply = new StreamReply(response, undefined)
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { reply, batch: new FrameBatch(reply), incoming }
}

it('sends a piece though nothing follows it', async () => {
  const { batch, incoming } = await connected()
  for (const text of ['first', 'second']) {
    await batch.add(Buffer.from(text))
    const [chunk] = (await once(incoming, 'data')) as [Buffer]
    expect(chunk.toString()).toBe(text)
  }
})

it('keeps the order, loses nothing, and waits for a slow client', async () => {
  const { reply, batch, incoming } = await connected()
  const lines = Array.from({ length: 200_000 }, (_, line) => Buffer.from(`line ${line} ${'.'.repeat(100)}\n`))
  let added = 0
  const writing = (async () => {
    for (const line of lines) {
      await batch.add(line)
      added += 1
    }
    await batch.flush()
    reply.end()
  })()
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(added).toBeLessThan(lines.length)
  const chunks: Buffer[] = []
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
  await writing
  expect(Buffer.concat(chunks).equals(Buffer.concat(lines))).toBe(true)
})

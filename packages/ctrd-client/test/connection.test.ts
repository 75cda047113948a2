import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type handleUnaryCall, Metadata, Server, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js'
import type { ErrorCode } from '@pouch/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ImagesService } from '../src/gen/images.js'
import { VersionService } from '../src/gen/version.js'
import { type ContainerdClient, connectContainerd } from '../src/index.js'

let folder: string
let address: string
let server: Server | undefined
let client: ContainerdClient
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pouch-ctrd-'))
  address = join(folder, 'socket')
  client = connectContainerd({ address, namespace: 'space' })
})
afterEach(async () => {
  client.close()
  server?.forceShutdown()
  server = undefined
  await rm(folder, { recursive: true, force: true })
})

/** A gRPC server on the socket whose version method is this. */
async function serve(version: handleUnaryCall<object, object>): Promise<Server> {
  const made = new Server()
  made.addService({ version: VersionService.version, delete: ImagesService.delete }, { version, delete: version })
  await new Promise<void>((resolve, reject) => {
    made.bindAsync(`unix:${address}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    )
  })
  server = made
  return made
}

const failing = (code: number): handleUnaryCall<object, object> => {
  return (_, answer) => answer(Object.assign(new Error('why it failed'), { code }) as ServiceError)
}

describe('errors', () => {
  const table: [number, ErrorCode][] = [
    [status.CANCELLED, 'aborted'],
    [status.UNKNOWN, 'internal'],
    [status.INVALID_ARGUMENT, 'invalid-argument'],
    [status.DEADLINE_EXCEEDED, 'timeout'],
    [status.NOT_FOUND, 'not-found'],
    [status.ALREADY_EXISTS, 'already-exists'],
    [status.PERMISSION_DENIED, 'permission-denied'],
    [status.RESOURCE_EXHAUSTED, 'exhausted'],
    [status.FAILED_PRECONDITION, 'conflict'],
    [status.ABORTED, 'conflict'],
    [status.OUT_OF_RANGE, 'invalid-argument'],
    [status.UNIMPLEMENTED, 'unsupported'],
    [status.INTERNAL, 'internal'],
    [status.UNAVAILABLE, 'unavailable'],
    [status.DATA_LOSS, 'corrupt'],
    [status.UNAUTHENTICATED, 'unauthenticated'],
  ]

  it.each(table)('of gRPC code %s are %s, with what containerd said', async (grpcCode, code) => {
    await serve(failing(grpcCode))
    await expect(client.images.delete('a/b:c')).rejects.toMatchObject({
      code,
      op: 'containerd.images.delete',
      subject: 'a/b:c',
      message: expect.stringContaining('containerd could not delete the image a/b:c: why it failed'),
      details: { grpcCode, containerdMessage: 'why it failed', answered: true },
    })
  })

  it('of a socket that nobody serves are unavailable and name it', async () => {
    await expect(client.version()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`is containerd running at ${address}?`),
    })
    await expect(client.content.list().next()).rejects.toMatchObject({ code: 'unavailable' })
    await expect(client.images.get('x')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(client.events.subscribe().next()).rejects.toMatchObject({ code: 'unavailable' })
    async function* nothing() {}
    const writing = client.content.write(nothing(), { ref: 'x', digest: `sha256:${'0'.repeat(64)}` })
    await expect(writing).rejects.toMatchObject({ code: 'unavailable', op: 'containerd.content.write' })
  })

  it('of arguments that cannot be come before any call', async () => {
    const rejected = expect.objectContaining({ code: 'invalid-argument' })
    for (const bad of ['relative/path', 'tcp://127.0.0.1:1', `/${'x'.repeat(107)}`, '/nul\0', '']) {
      expect(() => connectContainerd({ address: bad })).toThrow(rejected)
    }
    for (const bad of ['', 'a/b', '..', 'a..b', '-a', 'ä', 'x'.repeat(77)]) {
      expect(() => connectContainerd({ address, namespace: bad })).toThrow(rejected)
      expect(() => client.inNamespace(bad)).toThrow(rejected)
    }
    for (const bad of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => connectContainerd({ address, timeoutMs: bad })).toThrow(rejected)
      await expect(client.version({ timeoutMs: bad })).rejects.toMatchObject({ code: 'invalid-argument' })
    }
    await expect(client.content.read('sha256:x', { offset: 1.5 }).next()).rejects.toMatchObject(rejected)
    await expect(client.content.read('sha256:x', { size: -1 }).next()).rejects.toMatchObject(rejected)
  })
})

describe('a call', () => {
  it('carries its namespace and its lease', async () => {
    const seen: unknown[] = []
    await serve((call, answer) => {
      seen.push(['containerd-namespace', 'containerd-lease'].map((key) => call.metadata.get(key)))
      answer(null, { version: '9' })
    })
    expect(await client.version()).toEqual({ version: '9', revision: '' })
    await client.inNamespace('other').version({ lease: 'held' })
    await client.version()
    expect(seen).toEqual([
      [['space'], []],
      [['other'], ['held']],
      [['space'], []],
    ])
  })

  it('ends at its own deadline, or else at that of the client; 0 is none', async () => {
    await serve((_, answer) => void setTimeout(() => answer(null, { version: '9' }), 300))
    await expect(client.version({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'timeout' })
    const hasty = connectContainerd({ address: `unix://${address}`, timeoutMs: 50 })
    await expect(hasty.version()).rejects.toMatchObject({ code: 'timeout', details: { grpcCode: 4 } })
    expect((await hasty.version({ timeoutMs: 0 })).version).toBe('9')
    hasty.close()
  })

  it('ends with its signal, and reaches nobody when it has fired before', async () => {
    let calls = 0
    const cancelled = new Promise<void>((resolve) => {
      void serve((call) => {
        calls += 1
        call.on('cancelled', () => resolve())
      })
    })
    const abort = new AbortController()
    await expect(client.version({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
    const waiting = client.version({ signal: abort.signal })
    setTimeout(() => abort.abort(), 100)
    await expect(waiting).rejects.toMatchObject({ code: 'aborted', op: 'containerd.version' })
    await cancelled
    await expect(client.version({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ code: 'timeout' })
    expect(calls).toBe(2)
  })

  it('finds a server that has come back at once', async () => {
    const version: handleUnaryCall<object, object> = (_, answer) => answer(null, { version: '9' }, new Metadata())
    const first = await serve(version)
    await client.version()
    first.forceShutdown()
    await expect(client.version()).rejects.toMatchObject({ code: 'unavailable' })
    await expect(client.version()).rejects.toMatchObject({ code: 'unavailable' })
    await serve(version)
    expect((await client.version()).version).toBe('9')
  })

  it('of a closed client is unavailable', async () => {
    client.close()
    await expect(client.version()).rejects.toMatchObject({ code: 'unavailable' })
    await expect(client.inNamespace('other').containers.list()).rejects.toMatchObject({ code: 'unavailable' })
  })
})

import { hasCode } from '@pouch/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Container,
  decodeJsonAny,
  decodeRuncOptions,
  encodeJsonAny,
  encodeRuncOptions,
  typeUrls,
} from '../../src/index.js'
import { TestContainerd } from '../fixtures/containerd.js'

let containerd: TestContainerd
beforeAll(async () => {
  containerd = await TestContainerd.start()
})
afterAll(async () => {
  expect(await containerd.stop()).toEqual([])
})

const digest = `sha256:${'1'.repeat(64)}`
const target = { mediaType: 'application/vnd.oci.image.index.v1+json', digest, size: 17 }

describe('version and introspection', () => {
  it('tells its version and its id', async () => {
    const { version } = await containerd.client.version()
    expect(version).toMatch(/^\d+\.\d+\.\d+/)
    const { uuid } = await containerd.client.introspection.server()
    expect(uuid).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('lists plugins: what the client needs works, and nothing that was disabled is there', async () => {
    const plugins = await containerd.client.introspection.plugins()
    const works = plugins.filter(({ initError }) => initError === undefined).map(({ type, id }) => `${type}.${id}`)
    expect(works).toEqual(
      expect.arrayContaining([
        'io.containerd.grpc.v1.tasks',
        'io.containerd.snapshotter.v1.overlayfs',
        'io.containerd.snapshotter.v1.native',
      ]),
    )
    expect(works.filter((name) => /cri|zfs|devmapper|aufs|restart/.test(name))).toEqual([])
    const overlay = await containerd.client.introspection.plugins(['id==overlayfs'])
    expect(overlay.map(({ id, platforms }) => [id, platforms[0]?.split('/')[0]])).toEqual([['overlayfs', 'linux']])
  })
})

describe('namespaces', () => {
  it('are created, looked up, changed, listed and deleted', async () => {
    const { namespaces } = containerd.client
    expect(await namespaces.get('one')).toBeUndefined()
    expect(await namespaces.create('one', { a: '1' })).toEqual({ name: 'one', labels: { a: '1' } })
    await expect(namespaces.create('one')).rejects.toMatchObject({ code: 'already-exists', subject: 'one' })
    await namespaces.update('one', { b: '2' }, ['labels.b'])
    expect(await namespaces.get('one')).toEqual({ name: 'one', labels: { a: '1', b: '2' } })
    expect((await namespaces.list()).map(({ name }) => name)).toEqual(['one', 'test'])
    await namespaces.delete('one')
    await expect(namespaces.delete('one')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('keep objects apart', async () => {
    const other = containerd.client.inNamespace('other')
    await other.images.create({ name: 'example.org/apart:1', target })
    expect(await containerd.client.images.get('example.org/apart:1')).toBeUndefined()
    expect((await other.images.list()).map(({ name }) => name)).toEqual(['example.org/apart:1'])
    await expect(containerd.client.namespaces.delete('other')).rejects.toMatchObject({ code: 'conflict' })
    await other.images.delete('example.org/apart:1', { sync: true })
    await containerd.client.namespaces.delete('other')
  })
})

describe('images', () => {
  it('are created, looked up, changed, filtered and deleted', async () => {
    const { images } = containerd.client
    const name = 'example.org/library/one:latest'
    expect(await images.get(name)).toBeUndefined()
    const made = await images.create({ name, target, labels: { keep: 'yes', engine: 'x' } })
    expect(made).toMatchObject({ name, target, labels: { keep: 'yes', engine: 'x' } })
    expect(made.createdAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
    await expect(images.create({ name, target })).rejects.toMatchObject({ code: 'already-exists' })
    await images.update({ name, target: { ...target, size: 18 }, labels: { engine: 'y' } }, ['target', 'labels.engine'])
    const changed = await images.get(name)
    expect([changed?.target.size, changed?.labels]).toEqual([18, { keep: 'yes', engine: 'y' }])
    expect(await images.list(['labels.engine==x'])).toEqual([])
    expect((await images.list(['labels.engine==y'])).map((image) => image.name)).toEqual([name])
    await expect(images.list(['labels.engine==='])).rejects.toMatchObject({ code: 'invalid-argument' })
    await images.delete(name)
    await expect(images.delete(name)).rejects.toMatchObject({ code: 'not-found', op: 'containerd.images.delete' })
  })
})

describe('containers', () => {
  const container: Container = {
    id: 'record',
    labels: { a: '1' },
    image: 'example.org/library/one:latest',
    runtime: { name: 'io.containerd.runc.v2', options: encodeRuncOptions({ binaryName: 'runc', ioUid: 7 }) },
    spec: encodeJsonAny(typeUrls.spec, { ociVersion: '1.0.2', hostname: 'größe' }),
    snapshotter: 'overlayfs',
    snapshotKey: 'record',
    extensions: { 'example.org/x': encodeJsonAny('example.org/x', { deep: [1, 2] }) },
  }

  it('come back as they were stored', async () => {
    const { containers } = containerd.client
    expect(await containers.get('record')).toBeUndefined()
    const before = Date.now()
    await containers.create(container)
    const after = Date.now()
    const stored = await containers.get('record')
    const { createdAt, updatedAt } = stored ?? {}
    const { runtime, spec, extensions, ...rest } = container
    expect(stored).toMatchObject({ ...rest, runtime: { name: runtime.name } })
    expect(stored && decodeJsonAny(stored.spec)).toEqual({ ociVersion: '1.0.2', hostname: 'größe' })
    const extension = stored?.extensions?.['example.org/x']
    expect(extension && decodeJsonAny(extension)).toEqual({ deep: [1, 2] })
    expect([stored?.spec.typeUrl, extension?.typeUrl]).toEqual([spec.typeUrl, extensions?.['example.org/x']?.typeUrl])
    expect(decodeRuncOptions(stored?.runtime.options ?? container.spec)).toMatchObject({ binaryName: 'runc', ioUid: 7 })
    expect(Date.parse(createdAt ?? '')).toBeGreaterThanOrEqual(before)
    expect(Date.parse(createdAt ?? '')).toBeLessThanOrEqual(after)
    expect(updatedAt).toBe(createdAt)
    await expect(containers.create(container)).rejects.toMatchObject({ code: 'already-exists', subject: 'record' })
  })

  it('change in the named fields only', async () => {
    const { containers } = containerd.client
    await containers.update({ ...container, labels: { b: '2' }, image: 'ignored' }, ['labels.b'])
    const changed = await containers.get('record')
    expect([changed?.labels, changed?.image]).toEqual([{ a: '1', b: '2' }, container.image])
    const moved = containers.update({ ...container, snapshotter: 'native' }, ['snapshotter'])
    await expect(moved).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('are listed past the size of one answer, and deleted', async () => {
    const { containers } = containerd.client
    const spec = encodeJsonAny(typeUrls.spec, { pad: 'x'.repeat(1024 * 1024) })
    const ids = Array.from({ length: 20 }, (_, index) => `big-${index}`)
    for (const id of ids) await containers.create({ ...container, id, spec })
    expect(await containers.list(['id~=^big-'])).toHaveLength(20)
    expect((await containers.list(['id==record', 'id==big-3'])).map(({ id }) => id).sort()).toEqual(['big-3', 'record'])
    for (const id of [...ids, 'record']) await containers.delete(id)
    expect(await containers.list()).toEqual([])
    await expect(containers.delete('record')).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('leases', () => {
  it('are created, filled, listed and deleted', async () => {
    const { leases } = containerd.client
    const expiresAt = new Date(Date.now() + 3600_000)
    const lease = await leases.create({ id: 'mine', labels: { a: '1' }, expiresAt })
    expect(lease.labels).toEqual({ a: '1', 'containerd.io/gc.expire': expiresAt.toISOString() })
    await expect(leases.create({ id: 'mine' })).rejects.toMatchObject({ code: 'already-exists' })
    const resource = { id: digest, type: 'content' }
    await leases.addResource('mine', resource)
    await leases.addResource('mine', { id: 'snap', type: 'snapshots/overlayfs' })
    expect(await leases.resources('mine')).toEqual([resource, { id: 'snap', type: 'snapshots/overlayfs' }])
    await leases.deleteResource('mine', resource)
    expect(await leases.resources('mine')).toHaveLength(1)
    expect((await leases.list(['id==mine'])).map(({ id }) => id)).toEqual(['mine'])
    await leases.delete('mine', { sync: true })
    await expect(leases.delete('mine')).rejects.toMatchObject({ code: 'not-found' })
    await expect(leases.create({ expiresAt: new Date('never') })).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('hold content back from the collector, and withLease gives it up, also after a failure', async () => {
    const { client } = containerd
    async function* bytes() {
      yield Buffer.from('held by a lease')
    }
    const failure = new Error('of the caller')
    let blob = ''
    const failing = client.withLease({ labels: { by: 'test' } }, async (lease) => {
      blob = (await client.content.write(bytes(), { ref: 'leased' }, { lease: lease.id })).digest
      await collect()
      expect(await client.content.info(blob)).toMatchObject({ size: 15 })
      throw failure
    })
    await expect(failing).rejects.toBe(failure)
    expect(await client.leases.list()).toEqual([])
    await collect()
    expect(await client.content.info(blob)).toBeUndefined()
    expect(await client.withLease({}, async ({ id }) => id)).toMatch(/^lease-[0-9a-f]{24}$/)
  })

  async function collect() {
    const { id } = await containerd.client.leases.create()
    await containerd.client.leases.delete(id, { sync: true })
  }
})

describe('calls', () => {
  it('end when their signal fires, before and while they run', async () => {
    const { client } = containerd
    const early = client.version({ signal: AbortSignal.abort() })
    await expect(early).rejects.toSatisfy((error) => hasCode(error, 'aborted'))
    const late = new AbortController()
    const waiting = client.images.list([], { signal: late.signal })
    late.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'aborted', op: 'containerd.images.list' })
  })

  it('end at their deadline', async () => {
    const stream = containerd.client.events.subscribe([], { timeoutMs: 50 })
    await expect(stream.next()).rejects.toMatchObject({ code: 'timeout', details: { grpcCode: 4 } })
    const signalled = containerd.client.events.subscribe([], { signal: AbortSignal.timeout(50) })
    await expect(signalled.next()).rejects.toMatchObject({ code: 'timeout' })
  })
})

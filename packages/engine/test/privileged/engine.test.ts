import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectContainerd, superviseContainerd } from '@pouch/ctrd-client'
import { memoryStore } from '@pouch/store'
import { createVolumeEngine, type DriverDefinition, type VolumeEngine } from '@pouch/volume-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine } from '../../src/create-engine.js'
import type { Engine } from '../../src/engine.js'
import { plainDriver } from '../support/plain-driver.js'
import { tinyImage } from '../support/tiny-image.js'

let home: string
let supervised: Awaited<ReturnType<typeof superviseContainerd>>
let containerd: ReturnType<typeof connectContainerd>
let volumes: VolumeEngine
let engine: Engine
const store = memoryStore()
const heard: string[] = []

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'pouch-engine-'))
  supervised = await superviseContainerd({ home })
  containerd = connectContainerd({ address: supervised.address, namespace: 'engine-test' })
  const drivers: DriverDefinition[] = [plainDriver()]
  volumes = await createVolumeEngine({ home, drivers, store, defaultDriver: 'plain' })
  engine = await createEngine({ home, store, volumes, containerd, name: 'test-engine' })
  for (const event of [
    'volume.created',
    'image.imported',
    'container.created',
    'container.started',
    'container.died',
  ] as const) {
    engine.events.on(event, () => void heard.push(event))
  }
  await engine.images.importRootfs(tinyImage(), { reference: 'tiny:1', changes: ['CMD ["/bin/busybox","true"]'] })
})
afterAll(async () => {
  await engine?.close()
  await volumes?.close()
  containerd?.close()
  await supervised?.stop()
  rmSync(home, { recursive: true, force: true })
})

const drain = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('createEngine', () => {
  it('lets containers use volumes and images, and tells it once on one emitter and in the log', async () => {
    const beganNs = BigInt(Date.now()) * 1_000_000n
    const command = ['/bin/busybox', 'sh', '-c', 'echo 12345 > /data/file']
    const mounts = [{ type: 'volume' as const, name: 'shared', target: '/data' }]
    const { id } = await engine.containers.create(
      { image: 'tiny:1', command, mounts, networkMode: 'none' },
      { name: 'writer' },
    )
    const ended = engine.containers.wait(id, 'next-exit')
    await engine.containers.start(id)
    expect(await ended).toEqual({ exitCode: 0 })
    expect(heard).toEqual([
      'image.imported',
      'volume.created',
      'container.created',
      'container.started',
      'container.died',
    ])
    const untilNs = BigInt(Date.now()) * 1_000_000n
    const filters = { type: ['container'] }
    const events = await drain(engine.system.events({ sinceNs: beganNs, untilNs, filters }))
    expect(events.map(({ action }) => action)).toEqual(['create', 'start', 'die'])
    expect(events.at(-1)).toMatchObject({ subject: id, attributes: { image: 'tiny:1', name: 'writer', exitCode: '0' } })
  })

  it('keeps an image and a volume that a container uses', async () => {
    const { id } = engine.containers.get('writer')
    await expect(engine.images.remove('tiny:1')).rejects.toMatchObject({ code: 'in-use' })
    await expect(engine.volumes.remove('shared')).rejects.toMatchObject({ code: 'in-use', details: { holders: [id] } })
  })

  it('knows itself, its host and what takes up space', async () => {
    const info = await engine.system.info()
    expect(info).toMatchObject({
      name: 'test-engine',
      engineId: volumes.engineId,
      containers: { total: 1, running: 0, paused: 0, stopped: 1 },
      images: 1,
      volumes: 1,
      containerd: { namespace: 'engine-test', version: expect.stringMatching(/^\d+\.\d+/) },
      warnings: [],
    })
    expect(info.host.memoryBytes).toBeGreaterThan(100_000_000)
    const usage = await engine.system.df()
    expect(usage.volumes).toEqual([
      {
        volume: expect.objectContaining({ name: 'shared' }),
        usage: expect.objectContaining({ usedBytes: 6 }),
      },
    ])
    expect(usage.layersBytes).toBeGreaterThan(100_000)
  })

  it('answers while containerd is away, and says so', async () => {
    const away = connectContainerd({ address: join(home, 'nobody.sock'), namespace: 'engine-test' })
    try {
      const { SystemManager } = await import('../../src/system-manager.js')
      const { EventLog } = await import('../../src/event-log.js')
      const { images, containers } = engine
      const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
      const options = {
        name: 'n',
        home,
        snapshotter: 'overlayfs',
        volumes,
        images,
        containers,
        events: new EventLog(),
        log,
      }
      const info = await new SystemManager({ ...options, containerd: away }).info()
      expect(info).toMatchObject({ containerd: { version: '' }, warnings: [expect.stringContaining('nobody.sock')] })
    } finally {
      away.close()
    }
  })

  it('hands its containers to the next engine on the same store', async () => {
    const command = ['/bin/busybox', 'sleep', '60']
    const { id } = await engine.containers.create({ image: 'tiny:1', command, networkMode: 'none' })
    await engine.containers.start(id)
    const { pid } = engine.containers.get(id).state
    await engine.close()
    engine = await createEngine({ home, store, volumes, containerd })
    expect(engine.containers.get(id).state).toMatchObject({ status: 'running', pid })
    await engine.containers.remove(id, { force: true })
    await engine.containers.remove('writer', { volumes: true })
    await engine.volumes.remove('shared')
    await engine.images.remove('tiny:1')
    expect(await engine.images.list()).toEqual([])
  })
})

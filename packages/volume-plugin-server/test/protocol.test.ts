import { memoryDriver } from '@pouch/volume-core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Served } from './served.js'

let served: Served
beforeEach(async () => {
  served = await Served.start([memoryDriver(), memoryDriver({ name: 'other' })])
})
afterEach(() => served.remove())

describe('the protocol, as Docker speaks it', () => {
  it('introduces itself', async () => {
    const activated = await served.docker.call('Plugin.Activate')
    expect(activated).toMatchObject({ status: 200, contentType: 'application/vnd.docker.plugins.v1.2+json' })
    expect(activated.text).toBe('{"Implements":["VolumeDriver"]}\n')
    expect(await served.ok('VolumeDriver.Capabilities', {})).toEqual({ Capabilities: { Scope: 'local' } })
  })

  it('creates, tells, lists and removes a volume in the order of docker volume create, inspect, ls and rm', async () => {
    expect(await served.failure('VolumeDriver.Get', { Name: 'data' })).toEqual([500, 'get data: no such volume'])
    const created = await served.docker.call('VolumeDriver.Create', { Name: 'data', Opts: { size: '1m' } })
    expect([created.status, created.text]).toEqual([200, '{}\n'])
    const engineVolume = await served.engine.volumes.get('data')
    expect(await served.ok('VolumeDriver.Get', { Name: 'data' })).toEqual({
      Volume: {
        Name: 'data',
        Mountpoint: `${served.folder}/home/memory/data`,
        CreatedAt: engineVolume.createdAt,
        Status: expect.objectContaining({ sizeBytes: 1024 * 1024, references: 0 }),
      },
    })
    await served.ok('VolumeDriver.Create', { Name: 'more', Opts: null })
    const { Volumes } = await served.ok('VolumeDriver.List', {})
    expect((Volumes as { Name: string }[]).map(({ Name }) => Name)).toEqual(['data', 'more'])
    expect(await served.ok('VolumeDriver.Path', { Name: 'data' })).toEqual({
      Mountpoint: `${served.folder}/home/memory/data`,
    })
    expect(await served.ok('VolumeDriver.Remove', { Name: 'data' })).toEqual({})
    expect(await served.failure('VolumeDriver.Remove', { Name: 'data' })).toEqual([500, 'remove data: no such volume'])
  })

  it('takes a repeated Create for what it is, and refuses one that means something else', async () => {
    await served.ok('VolumeDriver.Create', { Name: 'data', Opts: { size: '1m' } })
    expect(await served.ok('VolumeDriver.Create', { Name: 'data', Opts: { size: '1024k' } })).toEqual({})
    const [status, text] = await served.failure('VolumeDriver.Create', { Name: 'data', Opts: { size: '2m' } })
    expect([status, text]).toEqual([500, expect.stringContaining('size')])
  })

  it('shows the volumes of its driver alone', async () => {
    await served.engine.volumes.create({ name: 'foreign', driver: 'other' })
    expect(await served.ok('VolumeDriver.List')).toEqual({ Volumes: [] })
    for (const method of ['Get', 'Path', 'Mount', 'Unmount', 'Remove']) {
      const [status, text] = await served.failure(`VolumeDriver.${method}`, { Name: 'foreign', ID: 'x1' })
      expect([method, status, text]).toEqual([method, 500, expect.stringContaining('no such volume')])
    }
    expect((await served.failure('VolumeDriver.Create', { Name: 'foreign' }))[0]).toBe(500)
    expect((await served.engine.volumes.get('foreign')).references).toEqual([])
  })

  it('refuses what is not the protocol, and serves on', async () => {
    const refusals = [
      await served.docker.call('VolumeDriver.Explode', {}),
      await served.docker.raw('POST /', '{}'),
      await served.docker.raw('GET /VolumeDriver.List', ''),
      await served.docker.raw('POST /VolumeDriver.Get', '{"Name":'),
      await served.docker.raw('POST /VolumeDriver.Get', '["data"]'),
      await served.docker.raw('POST /VolumeDriver.Create', `{"Name":"${'x'.repeat(1024 * 1024)}"}`),
    ]
    expect(refusals.map(({ status }) => status)).toEqual([404, 404, 405, 400, 400, 413])
    for (const { body } of refusals) expect(body.Err).toEqual(expect.any(String))
    const failures = [
      await served.failure('VolumeDriver.Create', { Name: '../../etc' }),
      await served.failure('VolumeDriver.Create', { Name: 7 }),
      await served.failure('VolumeDriver.Create', {}),
      await served.failure('VolumeDriver.Create', { Name: 'data', Opts: { size: 5 } }),
      await served.failure('VolumeDriver.Create', { Name: 'data', Opts: ['size'] }),
      await served.failure('VolumeDriver.Create', { Name: 'data', Opts: { nosuch: 'x' } }),
    ]
    expect(failures.map(([status]) => status)).toEqual([500, 500, 500, 500, 500, 500])
    expect(failures[5]?.[1]).toContain('nosuch')
    expect(await served.ok('VolumeDriver.List')).toEqual({ Volumes: [] })
  })

  it('takes an empty Host, an absent one, and a query; and tells who does not speak HTTP', async () => {
    expect((await served.docker.raw('POST /Plugin.Activate', '', '')).status).toBe(200)
    expect((await served.docker.raw('POST /Plugin.Activate?x=y', '', 'Host: plugin.moby.localhost\r\n')).status).toBe(
      200,
    )
    expect(await served.docker.exchange('hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*"Err"/s)
  })
})

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import { memoryDriver } from '@pouch/volume-core/testing'
import { type PluginServer, servePlugin } from '@pouch/volume-plugin-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'

describe('pouchd with Docker volume plugins', () => {
  let folder: string
  let behind: VolumeEngine
  let server: PluginServer | undefined
  let pouchd: RunningPouchd

  const serve = async () => {
    server = await servePlugin({ volumes: behind, driver: 'memory', socket: join(folder, 'plugins/mine.sock') })
  }
  const list = async () =>
    (await pouchd.request('GET', '/v1.43/volumes')).json<{ Volumes: object[]; Warnings: string[] | null }>()
  const create = async (name: string, driver: string) =>
    await pouchd.request('POST', '/v1.43/volumes/create', { Name: name, Driver: driver, Labels: { tier: 'db' } })

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pouch-plugins-'))
    mkdirSync(join(folder, 'plugins'))
    behind = await createVolumeEngine({
      home: join(folder, 'behind'),
      drivers: [memoryDriver()],
      defaultDriver: 'memory',
    })
    pouchd = await RunningPouchd.start({ args: ['--plugin-dir', join(folder, 'plugins')] })
  })

  afterAll(async () => {
    await pouchd?.remove()
    await server?.close()
    await behind?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('knows at once that there is no such plugin', async () => {
    const began = performance.now()
    const answer = await create('data', 'mine')
    expect(answer.status).toBe(404)
    expect(answer.json().message).toContain('plugin "mine" not found')
    expect(performance.now() - began).toBeLessThan(2000)
  })

  it('uses one that appears, by its name alone', async () => {
    await serve()
    expect((await create('data', 'mine')).status).toBe(201)
    expect((await behind.volumes.list()).volumes.map(({ name }) => name)).toEqual(['data'])
  })

  it('starts without one that has gone, lists its volumes, and goes on with them when it is back', async () => {
    await server?.close()
    server = undefined
    expect(await pouchd.stop()).toBe(0)
    await pouchd.start()
    const began = performance.now()
    const away = await list()
    expect(performance.now() - began).toBeLessThan(3000)
    expect(away.Volumes).toMatchObject([{ Name: 'data', Driver: 'mine', Labels: { tier: 'db' } }])
    expect(away.Warnings).toEqual([expect.stringContaining('list mine: ')])
    await serve()
    expect((await pouchd.request('GET', '/v1.43/volumes/data')).status).toBe(200)
    expect(await list()).toMatchObject({ Volumes: [{ Name: 'data', Labels: { tier: 'db' } }] })
    expect((await pouchd.request('DELETE', '/v1.43/volumes/data')).status).toBe(204)
    expect((await behind.volumes.list()).volumes).toEqual([])
  })
})

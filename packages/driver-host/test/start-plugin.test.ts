import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'
import type { Logger } from '@pouch/volume-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PluginSettings } from '../src/invocation.js'
import { type RunningPlugin, startPlugin } from '../src/start-plugin.js'
import { pluginRequest } from './support/plugin-request.js'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
let folder: string
let settings: PluginSettings
const running: RunningPlugin[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pouch-host-'))
  settings = {
    driver: 'local',
    driverOptions: {},
    configFile: undefined,
    name: 'pouch-local',
    homeDir: join(folder, 'home'),
    socket: join(folder, 'plugins/pouch-local.sock'),
    store: 'sqlite',
    specDir: undefined,
    forgetMounts: false,
    logLevel: 'error',
  }
})
afterEach(async () => {
  for (const plugin of running.splice(0)) await plugin.close()
  rmSync(folder, { recursive: true, force: true })
})

async function start(changes: Partial<PluginSettings> = {}): Promise<RunningPlugin> {
  const plugin = await startPlugin({ ...settings, ...changes }, silent)
  running.push(plugin)
  return plugin
}

async function stop(): Promise<void> {
  for (const plugin of running.splice(0)) await plugin.close()
}

const call = async (method: string, body: object) => await pluginRequest(settings.socket, method, body)

const refusal = async (changes: Partial<PluginSettings>) => {
  const error = await start(changes).then(
    () => new Error('it started'),
    (thrown: unknown) => thrown,
  )
  return [PouchError.from(error).code, PouchError.from(error).message]
}

describe('a plugin with an engine of its own', () => {
  it('keeps its volumes and their mounts from one run to the next', async () => {
    await start()
    await call('VolumeDriver.Create', { Name: 'data' })
    const mounted = await call('VolumeDriver.Mount', { Name: 'data', ID: 'm1' })
    expect(mounted).toEqual({ Mountpoint: join(settings.homeDir, 'volume/data/_data') })
    await stop()
    expect(existsSync(settings.socket)).toBe(false)
    await start()
    expect(await call('VolumeDriver.Get', { Name: 'data' })).toMatchObject({ Volume: { Status: { references: 1 } } })
    await stop()
    await start({ forgetMounts: true })
    expect(await call('VolumeDriver.Remove', { Name: 'data' })).toEqual({})
  })

  it('passes on the options of the driver', async () => {
    const root = join(folder, 'elsewhere')
    await start({ driverOptions: { root }, store: 'memory' })
    await call('VolumeDriver.Create', { Name: 'data' })
    expect(readdirSync(root)).toContain('data')
  })

  it('writes where its socket is, and takes that away again unless somebody else says so', async () => {
    const specDir = join(folder, 'specs')
    const spec = join(specDir, 'pouch-local.spec')
    await start({ specDir })
    expect(readFileSync(spec, 'utf8')).toBe(`unix://${settings.socket}\n`)
    expect(readdirSync(specDir)).toEqual(['pouch-local.spec'])
    await stop()
    expect(readdirSync(specDir)).toEqual([])
    await start({ specDir })
    writeFileSync(spec, 'unix:///run/other.sock\n')
    await stop()
    expect(readFileSync(spec, 'utf8')).toBe('unix:///run/other.sock\n')
  })
})

describe('a plugin that cannot start', () => {
  it('says why, and leaves nothing open', async () => {
    expect(await refusal({ driver: 'nosuch' })).toEqual(['not-found', expect.stringContaining('local, tmpfs')])
    expect(await refusal({ driverOptions: { nosuch: '1' } })).toEqual([
      'invalid-argument',
      expect.stringContaining("no option 'nosuch': it knows root"),
    ])
    expect((await refusal({ driverOptions: { root: 'relative' } }))[0]).toBe('invalid-argument')
    expect((await refusal({ driver: 'tmpfs', driverOptions: { size: 'much' } }))[0]).toBe('invalid-argument')
    expect(existsSync(settings.homeDir)).toBe(false)
    writeFileSync(join(folder, 'file'), '')
    expect((await refusal({ socket: join(folder, 'file') }))[0]).toBe('conflict')
    await start()
    expect(await call('VolumeDriver.List', {})).toEqual({ Volumes: [] })
  })

  it('leaves the one that runs alone: neither its home nor its socket can be taken', async () => {
    await start()
    expect((await refusal({ socket: join(folder, 'second.sock') }))[0]).toBe('in-use')
    expect((await refusal({ homeDir: join(folder, 'second') }))[0]).toBe('in-use')
    expect(await call('VolumeDriver.List', {})).toEqual({ Volumes: [] })
    expect(existsSync(join(folder, 'second.sock'))).toBe(false)
  })
})

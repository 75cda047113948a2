import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '@pouch/volume-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PluginSettings } from '../src/invocation.js'
import { packagedDriver } from '../src/packaged-driver.js'
import { startPlugin } from '../src/start-plugin.js'
import { pluginRequest } from './support/plugin-request.js'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const driver = `
import { mkdir, rm } from 'node:fs/promises'
export default ({ root }) => ({
  contract: 1, name: 'acme', options: {},
  open: async () => ({
    name: 'acme',
    traits: { scope: 'global', durable: true, accessModes: ['multi-node-writer'] },
    create: async ({ name }) => { await mkdir(root + '/' + name, { recursive: true }) },
    remove: async ({ name }) => { await rm(root + '/' + name, { recursive: true, force: true }) },
    path: async ({ name }) => root + '/' + name,
    close: async () => {},
  }),
})`

let folder: string
let file: string
/** Not the system's temporary directory: anybody can put files there, and a driver from there is not trusted. */
const trusted = process.geteuid?.() === 0 ? '/var/lib' : homedir()
beforeEach(() => {
  folder = mkdtempSync(join(trusted, '.pouch-driver-host-'))
  file = join(folder, 'config.json')
  addPackage('pouch-volume-acme', driver)
  addPackage('pouch-volume-broken', 'throw new Error("it burns")')
  const acme = { package: 'pouch-volume-acme', options: { root: join(folder, 'data') } }
  const broken = { package: 'pouch-volume-broken', name: 'broken' }
  writeFileSync(file, JSON.stringify({ 'home-dir': '/of/pouchd', drivers: [acme, broken] }))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function addPackage(name: string, module: string): void {
  const directory = join(folder, 'node_modules', name)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name, type: 'module', exports: './driver.js' }))
  writeFileSync(join(directory, 'driver.js'), module)
}

const settings = (name: string): PluginSettings => ({
  driver: name,
  driverOptions: {},
  configFile: file,
  name: `pouch-${name}`,
  homeDir: join(folder, 'home'),
  socket: join(folder, 'plugin.sock'),
  store: 'memory',
  specDir: undefined,
  forgetMounts: false,
  logLevel: 'error',
})

describe('a driver of a package', () => {
  it('is served, with the options of the file', async () => {
    const plugin = await startPlugin(settings('acme'), silent)
    try {
      const answered = await pluginRequest(plugin.socket, 'VolumeDriver.Capabilities')
      expect(answered).toEqual({ Capabilities: { Scope: 'global' } })
      expect(await pluginRequest(plugin.socket, 'VolumeDriver.Create', { Name: 'data' })).toEqual({})
      const path = await pluginRequest(plugin.socket, 'VolumeDriver.Path', { Name: 'data' })
      expect(path).toEqual({ Mountpoint: join(folder, 'data/data') })
    } finally {
      await plugin.close()
    }
  })

  it('that cannot be loaded says why', async () => {
    await expect(startPlugin(settings('broken'), silent)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('it burns'),
    })
  })

  it('is asked for by the name of the driver', async () => {
    const refusal = async (name: string) => await packagedDriver(name, file, folder)
    await expect(refusal('nosuch')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('acme'),
    })
    writeFileSync(file, '{"drivers":')
    await expect(refusal('acme')).rejects.toMatchObject({ code: 'invalid-argument', subject: file })
    writeFileSync(file, '[]')
    await expect(refusal('acme')).rejects.toMatchObject({ code: 'invalid-argument', subject: file })
    rmSync(file)
    await expect(refusal('acme')).rejects.toMatchObject({ code: 'not-found', subject: file })
  })
})

import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'

interface ShownDriver {
  readonly name: string
  readonly state: string
  readonly error?: string
}

// Not below the temporary directory: anybody can put files there, so that pouchd does not trust it.
let config: string
let pouchd: RunningPouchd

beforeAll(async () => {
  config = mkdtempSync('/var/lib/.pouch-driver-packages-')
  addPackage('@acme/pouch-volume-shelf', shelf)
  addPackage('pouch-volume-broken', "throw new Error('no such library')")
  addPackage('pouch-volume-open', shelf.replaceAll("'shelf'", "'open'"))
  chmodSync(join(config, 'node_modules/pouch-volume-open/driver.js'), 0o666)
  const drivers = [
    { package: '@acme/pouch-volume-shelf', options: { root: join(config, 'share') } },
    { package: 'pouch-volume-broken' },
    { package: 'pouch-volume-open', options: { root: join(config, 'share') } },
  ]
  writeFileSync(join(config, 'pouchd.json'), JSON.stringify({ drivers }))
  pouchd = await RunningPouchd.start({ args: ['--config-file', join(config, 'pouchd.json')] })
})

afterAll(async () => {
  await pouchd?.remove()
  rmSync(config, { recursive: true, force: true })
})

it('pouchd has the drivers of its configuration file, and tells why it lacks one', async () => {
  const { drivers } = (await pouchd.request('GET', '/pouch/v1/drivers')).json<{ drivers: ShownDriver[] }>()
  const shown = drivers.filter(({ name }) => !['local', 'tmpfs'].includes(name))
  expect(shown).toMatchObject([
    { name: 'shelf', state: 'open' },
    { name: 'broken', state: 'failed', error: expect.stringContaining('no such library') as string },
    { name: 'open', state: 'failed', error: expect.stringContaining('can be written by everybody') as string },
  ])
})

it('a volume of such a driver is made where the driver makes it', async () => {
  const body = { Name: 'notes', Driver: 'shelf' }
  const created = await pouchd.request('POST', '/v1.43/volumes/create', body)
  expect(created.status).toBe(201)
  expect(created.json()).toMatchObject({ Driver: 'shelf', Mountpoint: join(config, 'share/notes') })
  expect(existsSync(join(config, 'share/notes'))).toBe(true)
  expect((await pouchd.request('DELETE', '/v1.43/volumes/notes')).status).toBe(204)
  expect(existsSync(join(config, 'share/notes'))).toBe(false)
})

it('a volume of one that failed is refused with the reason', async () => {
  const refused = await pouchd.request('POST', '/v1.43/volumes/create', { Name: 'notes', Driver: 'broken' })
  expect(refused.status).toBe(503)
  expect(refused.text).toContain('no such library')
})

it('pouchd does not start with a configuration file that names drivers and that others can write', async () => {
  chmodSync(join(config, 'pouchd.json'), 0o666)
  await expect(RunningPouchd.start({ args: ['--config-file', join(config, 'pouchd.json')] })).rejects.toThrow(
    /names drivers and is not trusted/,
  )
})

function addPackage(name: string, module: string): void {
  const file = join(config, 'node_modules', name, 'driver.js')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, module)
  writeFileSync(join(dirname(file), 'package.json'), JSON.stringify({ name, type: 'module', exports: './driver.js' }))
}

const shelf = `
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
export default ({ root }) => ({
  contract: 1,
  name: 'shelf',
  options: {},
  open: async () => ({
    name: 'shelf',
    traits: { scope: 'global', durable: true, accessModes: ['multi-node-writer'] },
    create: async ({ name }) => void (await mkdir(join(root, name), { recursive: true })),
    remove: ({ name }) => rm(join(root, name), { recursive: true, force: true }),
    path: async ({ name }) => await stat(join(root, name)).then(() => join(root, name), () => undefined),
    close: async () => {},
  }),
})`

import { chmodSync, mkdirSync, renameSync, symlinkSync } from 'node:fs'

import { dirname, join } from 'node:path'
import { createVolumeEngine } from '@pouch/volume-core'
import type { DriverHost } from '@pouch/volume-core/driver'
import { memoryDriver } from '@pouch/volume-core/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DriverEntry, loadDrivers } from '../src/index.js'
import { ConfigDirectory, driverModule } from './support/config-directory.js'

let config: ConfigDirectory

beforeEach(() => {
  config = new ConfigDirectory()
})
afterEach(() => config.remove())

const load = (entries: readonly DriverEntry[], reserved: readonly string[] = [], timeoutMs = 10_000) =>
  loadDrivers(entries, { home: config.home, reserved, timeoutMs })

/** What the engine shows of the drivers. */
async function shown(entries: readonly DriverEntry[], timeoutMs?: number) {
  await using engine = await createVolumeEngine({
    home: config.home,
    drivers: [memoryDriver({ name: 'local' }), ...(await load(entries, ['local'], timeoutMs))],
  })
  return engine.drivers().map(({ name, state, error }) => ({ name, state, code: error?.code, message: error?.message }))
}

describe('a package', () => {
  it("is found from the configuration file's directory, and its factory gets the options", async () => {
    config.package('@acme/pouch-volume-x', driverModule('x'))
    const [driver] = await load(config.entries({ package: '@acme/pouch-volume-x', options: { depth: [1] } }))
    expect(driver).toMatchObject({ name: 'x', version: '{"depth":[1]}' })
  })

  it('tells the version of a driver that tells none itself', async () => {
    const module = "class X { contract = 1; name = 'x'; options = {}; async open() { return { name: this.name } } }"
    config.package('x', `${module}; export default () => new X()`)
    config.package('y', driverModule('y').replace(/version: [^,]+,/, ''), { version: 'a b' })
    const [x, y] = await load(config.entries({ package: 'x' }, { package: 'y' }))
    expect([x?.name, x?.version, y?.name, y?.version]).toEqual(['x', '1.2.3', 'y', undefined])
    expect(await x?.open({} as DriverHost)).toEqual({ name: 'x' })
  })

  it('is found in a directory above, as Node does, and below the home', async () => {
    config.package('above', driverModule('above'))
    config.package('below', driverModule('below'), {}, 'home/drivers/node_modules')
    const file = config.write('deep/down/pouchd.json', '{}')
    const entries = config.entries({ package: 'above' }, { package: 'below' })
    const drivers = await load(entries.map((entry) => ({ ...entry, declaredIn: file })))
    expect(drivers.map(({ name }) => name)).toEqual(['above', 'below'])
  })

  it('is never looked for in the working directory', async () => {
    config.package('stray', driverModule('stray'), {}, 'cwd/node_modules')
    const before = process.cwd()
    process.chdir(join(config.path, 'cwd'))
    try {
      const drivers = await shown(config.entries({ package: 'stray' }))
      expect(drivers[1]).toMatchObject({ name: 'stray', state: 'failed', code: 'not-found' })
      expect(drivers[1]?.message).toContain(join(config.path, 'node_modules'))
      expect(drivers[1]?.message).toContain(join(config.home, 'drivers'))
    } finally {
      process.chdir(before)
    }
  })

  it('may be a symbolic link, as pnpm makes them', async () => {
    config.package('real', driverModule('linked'), {}, 'store')
    mkdirSync(join(config.path, 'node_modules'))
    symlinkSync('../store/real', join(config.path, 'node_modules/linked'))
    expect((await load(config.entries({ package: 'linked' })))[0]?.name).toBe('linked')
  })

  it.each([
    ['main', { exports: undefined, main: 'driver.js' }],
    ['conditions', { exports: { types: './no.d.ts', require: './no.cjs', import: './driver.js' } }],
    ['doors', { exports: { './other': './no.js', '.': { node: { import: './driver.js' }, default: './no.js' } } }],
    ['a list', { exports: ['./driver.js', './no.js'] }],
  ])('tells its module by %s', async (_, manifest) => {
    config.package('x', driverModule('x'), manifest)
    expect((await load(config.entries({ package: 'x' })))[0]).toMatchObject({ name: 'x', version: '{}' })
  })

  it('may import others, and be a CommonJS one', async () => {
    config.package('name-giver', "export const name = 'dependent'")
    config.package(
      'x',
      `import { name } from 'name-giver'; ${driverModule('x', 'name, ')}`.replace("name: 'x', ", ''),
      {
        dependencies: { 'name-giver': '*', absent: '*' },
      },
    )
    config.package('y', driverModule('y').replace('export default', 'module.exports ='), { type: 'commonjs' })
    const drivers = await load(config.entries({ package: 'x' }, { package: 'y' }))
    expect(drivers.map(({ name }) => name)).toEqual(['dependent', 'y'])
  })
})

describe('a package that cannot be loaded costs itself alone:', () => {
  it.each([
    ['its import throws', "throw new Error('no such library')", 'unavailable', 'its import threw: no such library'],
    ['it is no JavaScript', 'export default (', 'unavailable', 'its import threw'],
    [
      'its factory throws',
      "export default () => { throw new Error('bad option') }",
      'unavailable',
      'its factory threw: bad option',
    ],
    [
      'its factory rejects',
      "export default async () => { throw 'a text' }",
      'unavailable',
      'its factory threw: a text',
    ],
    ['it exports no factory', 'export const driver = 1', 'invalid-argument', 'default export has to be the driver'],
    ['it exports something else', 'export default {}', 'invalid-argument', 'is of type object'],
    ['its factory answers nothing', 'export default () => undefined', 'invalid-argument', 'answered no definition'],
    [
      'it is for a newer contract',
      driverModule('x').replace('contract: 1', 'contract: 2'),
      'unsupported',
      "'x'.*contract 2 and this engine has 1",
    ],
    [
      'its table of options is wrong',
      driverModule('x').replace('options: {}', "options: { size: { type: 'huge', description: 'x' } }"),
      'invalid-argument',
      'size',
    ],
    [
      'it never ends',
      'await new Promise(() => setInterval(() => {}, 1e6).unref())',
      'timeout',
      'took more than 300 ms',
    ],
    [
      'it throws once it is opened',
      driverModule('x').replace('async () => (', "async () => { throw new Error('no backend') }, close: () => ("),
      'unavailable',
      'no backend',
    ],
  ])('%s', async (_, module, code, message) => {
    config.package('pouch-volume-x', module)
    config.package('good', driverModule('good').replace("({ name: 'good' })", goodDriver))
    const drivers = await shown(config.entries({ package: 'pouch-volume-x' }, { package: 'good' }), 300)
    expect(drivers).toMatchObject([
      { name: 'local', state: 'open' },
      { name: 'x', state: 'failed', code, message: expect.stringMatching(message) as string },
      { name: 'good', state: 'open' },
    ])
    expect(drivers[1]?.message).toMatch(/volume driver x could not be opened/)
  })

  it('its package.json is none', async () => {
    config.package('x', driverModule('x'))
    config.write('node_modules/x/package.json', '{')
    expect((await shown(config.entries({ package: 'x' })))[1]).toMatchObject({ code: 'invalid-argument' })
    config.write('node_modules/x/package.json', '{"exports": "../../elsewhere.js"}')
    expect((await shown(config.entries({ package: 'x' })))[1]?.message).toContain('names no module of its own')
    config.write('node_modules/x/package.json', '{"main": "../../elsewhere.js"}')
    expect((await shown(config.entries({ package: 'x' })))[1]?.message).toContain('names no module of its own')
  })

  it('its module is a link out of the package', async () => {
    const directory = config.package('x', driverModule('x'))
    renameSync(join(directory, 'driver.js'), join(config.path, 'elsewhere.js'))
    symlinkSync('../../elsewhere.js', join(directory, 'driver.js'))
    expect((await shown(config.entries({ package: 'x' })))[1]?.message).toContain('a link that leaves the package')
  })

  it('its name is one of our own, or of another package, or not the one that was configured', async () => {
    config.package('@acme/pouch-volume-local', driverModule('local'))
    config.package('one', driverModule('same').replace("({ name: 'same' })", goodDriver.replace('good', 'same')))
    config.package('two', driverModule('same'))
    config.package('three', driverModule('three'))
    const entries = config.entries(
      { package: '@acme/pouch-volume-local' },
      { package: 'one' },
      { package: 'two' },
      { package: 'three', name: 'drei' },
    )
    expect(await shown(entries)).toMatchObject([
      { name: 'local', state: 'open' },
      {
        name: 'acme-pouch-volume-local',
        code: 'already-exists',
        message: expect.stringContaining("Pouch's own") as string,
      },
      { name: 'same', state: 'open' },
      { name: 'two', code: 'already-exists', message: expect.stringContaining('another driver') as string },
      { name: 'drei', code: 'invalid-argument', message: expect.stringContaining("called 'three'") as string },
    ])
  })
})

describe('trust', () => {
  it('is not given to a package that was linked from the temporary directory', async () => {
    const elsewhere = config.package('x', driverModule('x'), {}, 'open')
    chmodSync(join(config.path, 'open'), 0o1777)
    mkdirSync(join(config.path, 'node_modules'))
    symlinkSync(elsewhere, join(config.path, 'node_modules/x'))
    const [, driver] = await shown(config.entries({ package: 'x' }))
    expect(driver).toMatchObject({ state: 'failed', code: 'permission-denied' })
    expect(driver?.message).toContain(`${join(config.path, 'open')} can be written by everybody`)
    expect(driver?.message).not.toContain('chmod')
    expect(driver?.message).toMatch(/: move what is needed elsewhere$/)
  })

  it('is not given to a file that its group or everybody can write', async () => {
    const places: [string, number][] = [
      ['node_modules/x/driver.js', 0o664],
      ['node_modules/x/package.json', 0o666],
      ['node_modules/x', 0o775],
      ['node_modules', 0o1777],
      ['node_modules/x/lib/inner.js', 0o622],
      ['node_modules/dependency/driver.js', 0o666],
    ]
    for (const [path, mode] of places) {
      config.package('dependency', 'export {}')
      config.package('x', driverModule('x'), { dependencies: { dependency: '*' } })
      config.write('node_modules/x/lib/inner.js', '')
      chmodSync(join(config.path, path), mode)
      const [, driver] = await shown(config.entries({ package: 'x' }))
      expect(driver).toMatchObject({ state: 'failed', code: 'permission-denied' })
      expect(driver?.message).toContain(join(config.path, path))
      chmodSync(join(config.path, path), 0o755)
    }
    expect((await load(config.entries({ package: 'x' })))[0]?.version).toBe('{}')
  })

  it('is not given to a configuration file that others can write, which fails as a whole', async () => {
    config.package('x', driverModule('x'))
    chmodSync(config.file, 0o666)
    await expect(load(config.entries({ package: 'x' }))).rejects.toMatchObject({
      code: 'permission-denied',
      message: expect.stringContaining(`${config.file} names drivers and is not trusted`) as string,
    })
    chmodSync(config.file, 0o644)
    chmodSync(dirname(config.file), 0o777)
    await expect(load(config.entries({ package: 'x' }))).rejects.toMatchObject({ code: 'permission-denied' })
    expect(await load([])).toEqual([])
  })

  it('is not lost to a link that leads nowhere, and ends with links in a circle', async () => {
    const directory = config.package('x', driverModule('x'))
    symlinkSync('nowhere', join(directory, 'dangling'))
    expect((await load(config.entries({ package: 'x' })))[0]?.version).toBe('{}')
    symlinkSync('circle', join(directory, 'circle'))
    expect((await shown(config.entries({ package: 'x' })))[1]?.message).toContain('too many symbolic links')
  })
})

const goodDriver = `({ name: 'good', traits: { scope: 'local', durable: true, accessModes: [] },
  create: async () => undefined, remove: async () => undefined, path: async () => undefined, close: async () => undefined })`

import { chownSync, lchownSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadDrivers } from '../../src/index.js'
import { ConfigDirectory, driverModule } from '../support/config-directory.js'

const stranger = 12_345
let config: ConfigDirectory

beforeEach(() => {
  config = new ConfigDirectory()
})
afterEach(() => config.remove())

async function reasonFor(name: string): Promise<string> {
  const [driver] = await loadDrivers(config.entries({ package: name }), { home: config.home, reserved: [] })
  const surroundings = {
    home: config.home,
    engineId: '',
    hostName: '',
    state: undefined,
    log: console,
    clock: Date.now,
  }
  return await Promise.resolve(driver?.open(surroundings as never)).then(
    () => 'it was loaded',
    (error: unknown) => String(error),
  )
}

it.each(['node_modules', 'node_modules/x', 'node_modules/x/driver.js', 'node_modules/x/package.json'])(
  "a driver is not loaded when somebody else owns the package's %s",
  async (path) => {
    config.package('x', driverModule('x'))
    expect(await reasonFor('x')).toBe('it was loaded')
    chownSync(join(config.path, path), stranger, 0)
    expect(await reasonFor('x')).toContain(`${join(config.path, path)} belongs to user ${stranger}`)
  },
)

it("a driver is not loaded through somebody else's link, wherever it leads", async () => {
  const directory = config.package('real', driverModule('x'), {}, 'store')
  mkdirSync(join(config.path, 'node_modules'))
  symlinkSync(directory, join(config.path, 'node_modules/x'))
  expect(await reasonFor('x')).toBe('it was loaded')
  lchownSync(join(config.path, 'node_modules/x'), stranger, 0)
  expect(await reasonFor('x')).toContain(`belongs to user ${stranger}`)
})

it("no driver is loaded when the configuration file is somebody else's", async () => {
  config.package('x', driverModule('x'))
  chownSync(config.file, stranger, 0)
  await expect(reasonFor('x')).rejects.toMatchObject({ code: 'permission-denied' })
})

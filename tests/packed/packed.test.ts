import { existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBusyboxImage } from '../../scripts/demo/busybox-image.mjs'
import { sweep } from '../../scripts/demo/sweep.mjs'
import { staticBusybox } from '../../scripts/setup/debian.mjs'
import { InstalledPackages, repository } from './installed.js'

const isRoot = process.getuid?.() === 0
const libraries = (names: readonly string[]) => names.filter((name) => !['@pouch/cli', '@pouch/daemon'].includes(name))

/** This Node, and the newer ones that npm carries as packages. */
function nodes(): { version: string; path: string }[] {
  const fromTests = createRequire(join(repository, 'tests/package.json'))
  const carried = ['22', '24'].map((version) => {
    const folder = join(fromTests.resolve(`node-${version}/package.json`), '..')
    return { version, path: join(folder, 'bin/node') }
  })
  return [{ version: process.versions.node, path: process.execPath }, ...carried]
}

let installed: InstalledPackages

beforeAll(async () => {
  installed = await InstalledPackages.install()
}, 600_000)

afterAll(() => installed?.remove())

describe('the packed tarballs, installed with npm', () => {
  it('are loaded by import', async () => {
    const names = libraries(installed.names)
    const script = installed.write(
      'all.mjs',
      `${names.map((name) => `await import('${name}')`).join('\n')}\nconsole.log('loaded')`,
    )
    expect(await installed.run(process.execPath, script)).toBe('loaded\n')
  })

  it('are loaded by require()', async () => {
    const names = libraries(installed.names)
    const lines = names.map(
      (name) => `if (Object.keys(require('${name}')).length === 0) throw new Error('${name} is empty')`,
    )
    const script = installed.write('all.cjs', `${lines.join('\n')}\nconsole.log('loaded')`)
    expect(await installed.run(process.execPath, script)).toBe('loaded\n')
  })

  it.each(['NodeNext', 'Bundler'])('have types that TypeScript accepts under %s', async (resolution) => {
    const names = libraries(installed.names)
    const imports = names.map((name, index) => `import * as p${index} from '${name}'`)
    const uses = `import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import { local } from '@pouch/volume-local'
export const open = (home: string): Promise<VolumeEngine> => createVolumeEngine({ home, drivers: [local()] })
// @ts-expect-error a driver is an object, so this line is an error where types arrive
export const wrong = createVolumeEngine({ home: '/x', drivers: ['local'] })`
    installed.write(
      'user.ts',
      `${imports.join('\n')}\n${uses}\nexport const all = [${names.map((_, index) => `p${index}`).join(', ')}]\n`,
    )
    const module = resolution === 'NodeNext' ? 'NodeNext' : 'ESNext'
    const tsc = join(repository, 'node_modules/typescript/bin/tsc')
    const types = join(repository, 'node_modules/@types')
    const flags = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--target',
      'ES2022',
      '--module',
      module,
      '--moduleResolution',
      resolution,
    ]
    await installed.run(process.execPath, tsc, ...flags, '--typeRoots', types, '--types', 'node', 'user.ts')
  })

  it('put pouch and pouchd on PATH', async () => {
    expect(await installed.run(join(installed.folder, 'node_modules/.bin/pouch'), '--help')).toContain('volume')
    expect(await installed.run(join(installed.folder, 'node_modules/.bin/pouchd'), '--help')).toContain('--home-dir')
  })

  it.each(nodes())('run examples/embed-volumes on Node $version', async ({ path }) => {
    const home = mkdtempSync(join(tmpdir(), 'pouch-packed-home-'))
    try {
      const first = await installed.run(path, 'embed-volumes.mjs', home)
      expect(first).toContain('created notes at ')
      const second = await installed.run(path, 'embed-volumes.mjs', home)
      expect(second).not.toContain('created')
      expect(second.match(/last run/g)).toHaveLength(2)
    } finally {
      await sweep(home)
    }
  })

  // Containers need root; without it scripts/setup/tests.mjs names this in its summary.
  it.each(isRoot ? nodes() : [])('run examples/embed-engine on Node $version', async ({ path }) => {
    const home = mkdtempSync(join(tmpdir(), 'pouch-packed-engine-'))
    try {
      mkdirSync(join(home, 'image'))
      const busybox = staticBusybox() ?? ''
      expect(existsSync(busybox)).toBe(true)
      const archive = await makeBusyboxImage({ folder: join(home, 'image'), busybox, reference: 'busybox:packed' })
      const output = await installed.run(path, 'embed-engine.mjs', archive, join(home, 'home'))
      expect(output.split('\n')).toEqual(['writer ended with 0', 'hello from a container', 'reader ended with 0', ''])
    } finally {
      await sweep(home)
    }
  })
})

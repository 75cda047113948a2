import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testVolumeDriver } from '@pouch/volume-core/testing'
import { describe, it } from 'vitest'
import { answer, FakePlugin, type FakePluginOptions } from './support/fake-plugin.js'
import { definitionOf } from './support/setting.js'

/** Each kind of plugin that there is: what it answers about a volume that it lacks, and whether it tells where a mounted one is. */
const kinds: readonly [string, Omit<FakePluginOptions, 'root'>][] = [
  ['that answers an error for what it lacks', { missing: 'error' }],
  ['that answers no volume for what it lacks, and never where one is', { missing: 'null', tells: false }],
]

const open = async (options: Omit<FakePluginOptions, 'root'>) => {
  const folder = mkdtempSync(join(tmpdir(), 'pouch-plugin-'))
  const home = join(folder, 'home')
  const root = join(folder, 'volumes')
  for (const path of [home, root]) mkdirSync(path)
  const plugin = new FakePlugin({ ...options, root })
  const socket = join(folder, 'fake.sock')
  await plugin.listen(socket)
  return {
    definition: definitionOf(socket),
    home,
    leftovers: async () => [...plugin.volumes].map(([name, { count }]) => `the volume ${name}, mounted ${count} times`),
    dispose: async () => {
      await plugin.die()
      rmSync(folder, { recursive: true })
    },
    obstruct: async (name: string) => {
      plugin.break('Create', answer({ Err: `no room for ${name}` }, 500))
      return async () => undefined
    },
  }
}

for (const [kind, options] of kinds) {
  testVolumeDriver({
    runner: { describe, it },
    name: `of a plugin ${kind}`,
    expects: ['mounts', 'inventory', 'health'],
    open: () => open(options),
  })
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { memoryDriver, testVolumeDriver } from '../src/testing.js'

const open = (options: Parameters<typeof memoryDriver>[0]) => async () => {
  const home = await mkdtemp(join(tmpdir(), 'pouch-volume-core-'))
  return {
    definition: memoryDriver(options),
    home,
    dispose: () => rm(home, { recursive: true }),
    obstruct: async (name: string) => {
      const file = join(home, 'memory', name)
      await writeFile(file, 'in the way')
      return () => rm(file)
    },
  }
}

testVolumeDriver({ runner: { describe, it }, name: 'memory', expects: [], open: open({}) })

testVolumeDriver({
  runner: { describe, it },
  name: 'memory, mounted per volume',
  expects: ['mounts'],
  open: open({ mounts: 'volume' }),
  volumeOptions: { size: '1g' },
})

testVolumeDriver({
  runner: { describe, it },
  name: 'memory, mounted per reference',
  expects: ['mounts'],
  open: open({ mounts: 'reference' }),
})

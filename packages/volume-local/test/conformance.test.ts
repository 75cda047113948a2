import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testVolumeDriver } from '@pouch/volume-core/testing'
import { describe, it } from 'vitest'
import { local } from '../src/index.js'

testVolumeDriver({
  runner: { describe, it },
  name: 'local',
  expects: ['mounts', 'resizing', 'snapshots', 'cloning', 'renaming', 'usage', 'health'],
  without: ['mounts', 'resizing'],
  open: async () => {
    const home = await mkdtemp(join(tmpdir(), 'pouch-volume-local-'))
    return {
      definition: local(),
      home,
      dispose: () => rm(home, { recursive: true }),
      obstruct: async (name) => {
        await mkdir(join(home, 'volume'), { recursive: true })
        const file = join(home, 'volume', name)
        await writeFile(file, 'in the way')
        return () => rm(file)
      },
    }
  },
})

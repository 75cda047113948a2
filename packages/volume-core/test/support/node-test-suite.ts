import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { facetNames, memoryDriver, testVolumeDriver } from '../../src/testing.js'

testVolumeDriver({
  runner: { describe, it },
  name: 'memory',
  expects: facetNames,
  open: async () => {
    const home = await mkdtemp(join(tmpdir(), 'pouch-volume-core-'))
    return { definition: memoryDriver({ facets: facetNames }), home, dispose: () => rm(home, { recursive: true }) }
  },
})

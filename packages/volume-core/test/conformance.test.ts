import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { facetNames, memoryDriver, testVolumeDriver } from '../src/testing.js'

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

testVolumeDriver({
  runner: { describe, it },
  name: 'memory, with every facet but mounts',
  expects: facetNames.filter((facet) => facet !== 'mounts'),
  open: open({ facets: facetNames.filter((facet) => facet !== 'mounts') }),
})

testVolumeDriver({
  runner: { describe, it },
  name: 'memory, with every facet, mounted per reference',
  expects: facetNames,
  open: open({ facets: facetNames, mounts: 'reference' }),
})

testVolumeDriver({
  runner: { describe, it },
  name: 'memory, volumes that lack some of its facets',
  expects: facetNames,
  without: ['mounts', 'snapshots', 'usage'],
  open: open({ facets: facetNames }),
  volumeOptions: { direct: 'true', without: 'snapshots,usage' },
})

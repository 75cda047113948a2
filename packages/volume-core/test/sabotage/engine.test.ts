import { existsSync } from 'node:fs'
import { cp, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { declareSabotages, replacing, snapshotsAt, volumeAt } from '../support/facet-sabotage.js'
import type { Sabotage } from '../support/sabotage.js'

const engine: readonly Sabotage[] = [
  {
    title: 'the inventory remembers only what was made since it was opened',
    by: 'under an engine: inventory',
    spoil: (good) => {
      const made = new Set<string>()
      return {
        create: async (volume, call) => {
          made.add(volume.name)
          return await good.create(volume, call)
        },
        inventory: {
          get: async (name, call) => (made.has(name) ? await good.inventory?.get(name, call) : undefined),
          list: async (call) => ((await good.inventory?.list(call)) ?? []).filter(({ name }) => made.has(name)),
        },
      }
    },
    memory: { facets: ['inventory'] },
  },
  {
    title: 'snapshots are lost when it is closed',
    by: 'under an engine: snapshots: are kept',
    alsoElsewhere: true,
    memory: { facets: ['snapshots'] },
    spoil: (_, home) => ({ close: () => rm(join(home, '.memory-snapshots'), { recursive: true, force: true }) }),
  },
  {
    title: 'a restore does nothing',
    by: 'under an engine: snapshots: are kept',
    alsoElsewhere: true,
    memory: { facets: ['snapshots'] },
    spoil: replacing('snapshots', () => ({ restore: async () => undefined })),
  },
  {
    title: 'a clone is its source by another name',
    by: 'under an engine: cloning',
    memory: { facets: ['cloning'] },
    spoil: replacing('cloning', (good, _, home) => ({
      clone: async (volume, request, call) => {
        const answer = await good.clone(volume, request, call)
        await rm(volumeAt(home, volume.name), { recursive: true })
        await symlink(volumeAt(home, request.source.name), volumeAt(home, volume.name))
        return answer
      },
    })),
  },
  {
    title: 'a rename leaves the old volume',
    by: 'under an engine: renaming',
    memory: { facets: ['renaming', 'inventory'] },
    spoil: replacing('renaming', (good, _, home) => ({
      rename: async (volume, newName, call) => {
        const answer = await good.rename(volume, newName, call)
        await cp(volumeAt(home, newName), volumeAt(home, volume.name), { recursive: true, verbatimSymlinks: true })
        return answer
      },
    })),
  },
  {
    title: 'a create does not say that it has found the volume',
    by: 'under an engine: fills no volume',
    memory: { mounts: 'volume' },
    spoil: (good) => ({
      create: async (volume, call) => ({ ...(await good.create(volume, call)), isFound: false }),
    }),
  },
  {
    title: 'a rename replaces what is there',
    by: 'under an engine: renaming: leaves alone',
    alsoElsewhere: true,
    memory: { facets: ['renaming'] },
    spoil: replacing('renaming', (good, _, home) => ({
      rename: async (volume, newName, call) => {
        const isToBeMoved = existsSync(volumeAt(home, volume.name))
        if (isToBeMoved) await rm(volumeAt(home, newName), { recursive: true, force: true })
        return await good.rename(volume, newName, call)
      },
    })),
  },
  {
    title: 'snapshots of another time are told by nobody',
    by: 'under an engine: snapshots: neither',
    memory: { facets: ['snapshots'] },
    spoil: (good, home) => {
      const made = new Set<string>()
      return replacing('snapshots', (facet) => ({
        create: async (volume, request, call) => {
          made.add(request.name)
          return await facet.create(volume, request, call)
        },
        list: async (volume, call) => (await facet.list(volume, call)).filter(({ name }) => made.has(name)),
      }))(good, home)
    },
  },
  {
    title: 'a resize answers that nothing has changed',
    by: 'under an engine: resizing',
    memory: { facets: ['resizing'] },
    suite: { volumeOptions: { size: '1g' } },
    spoil: replacing('resizing', () => ({ resize: async () => ({ sizeBytes: 1 << 30 }) })),
  },
  {
    title: 'usage fails',
    by: 'under an engine: usage',
    memory: { facets: ['usage'] },
    spoil: replacing('usage', () => ({ measure: () => Promise.reject(new Error('no idea')) })),
  },
  {
    title: 'health fails',
    by: 'under an engine: health',
    memory: { facets: ['health'] },
    spoil: replacing('health', () => ({ check: () => Promise.reject(new Error('no idea')) })),
  },
  {
    title: 'the old snapshots stay on the host',
    by: 'under an engine: snapshots: are kept',
    alsoElsewhere: true,
    memory: { facets: ['snapshots'] },
    spoil: replacing('snapshots', (good, _, home) => ({
      remove: async (volume, snapshot, call) => {
        const kept = join(home, 'kept')
        await cp(snapshotsAt(home, volume.name), kept, { recursive: true })
        await good.remove(volume, snapshot, call)
      },
    })),
  },
]

declareSabotages('engine', engine, (title) => title.startsWith('under an engine:'))

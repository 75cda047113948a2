import { cp, mkdir, rm, symlink } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'
import { deaf, declareSabotages, replacing, snapshotsAt, volumeAt } from '../support/facet-sabotage.js'
import type { Sabotage } from '../support/sabotage.js'

const cloning: readonly Sabotage[] = [
  {
    title: 'a clone is its source by another name',
    by: 'cloning: makes a volume of its own',
    alsoElsewhere: true,
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
    title: 'a clone is empty',
    by: 'cloning: makes a volume of its own',
    alsoElsewhere: true,
    spoil: replacing('cloning', (good, _, home) => ({
      clone: async (volume, request, call) => {
        const answer = await good.clone(volume, request, call)
        await rm(volumeAt(home, volume.name), { recursive: true })
        await mkdir(volumeAt(home, volume.name))
        return answer
      },
    })),
  },
  {
    title: 'a clone cannot be made twice',
    by: 'cloning: lets clone be repeated',
    spoil: replacing('cloning', (good, driver) => ({
      clone: async (volume, request, call) => {
        if ((await driver.path(volume, call)) !== undefined) throw new Error('there is one')
        return await good.clone(volume, request, call)
      },
    })),
  },
  {
    title: 'a clone that is refused is there as an empty volume',
    by: 'cloning: of a volume in use',
    spoil: replacing('cloning', (good, driver) => ({
      clone: async (volume, request, call) => {
        if (!request.isMounted || request.allowInconsistent) return await good.clone(volume, request, call)
        await driver.create(volume, call)
        throw new PouchError('in-use', 'it is in use')
      },
    })),
  },
  {
    title: 'a clone takes no notice of its signal',
    by: 'cloning: rejects a fired signal',
    spoil: replacing('cloning', (good) => ({ clone: (volume, request) => good.clone(volume, request, deaf) })),
  },
  {
    title: 'a clone of nothing is an empty volume',
    by: 'cloning: fails where there is no source',
    spoil: replacing('cloning', (good, driver) => ({
      clone: async (volume, request, call) => {
        if (request.source.name === 'never-was') return await driver.create(volume, call)
        return await good.clone(volume, request, call)
      },
    })),
  },
  {
    title: 'a clone goes with the source that it was made from',
    by: 'cloning: makes volumes that outlive',
    alsoElsewhere: true,
    spoil: (good) => {
      const clones = new Map<string, string>()
      return {
        remove: async (volume, call) => {
          await good.remove(volume, call)
          const clone = clones.get(volume.name)
          if (clone !== undefined) await good.remove({ ...volume, name: clone }, call)
        },
        cloning: {
          clone: async (volume, request, call) => {
            clones.set(request.source.name, volume.name)
            return await good.cloning?.clone(volume, request, call)
          },
        },
      }
    },
  },
  {
    title: 'a clone of a snapshot is one of the volume',
    by: 'cloning: takes the state of a snapshot',
    spoil: replacing('cloning', (good) => ({
      clone: (volume, { snapshot: _, ...request }, call) => good.clone(volume, request, call),
    })),
  },
  {
    title: 'a clone has the snapshots of its source',
    by: 'cloning: takes the state of a snapshot',
    spoil: replacing('cloning', (good, _, home) => ({
      clone: async (volume, request, call) => {
        const answer = await good.clone(volume, request, call)
        const snapshotsOf = (name: string) => snapshotsAt(home, name)
        if (request.snapshot !== undefined) {
          await cp(snapshotsOf(request.source.name), snapshotsOf(volume.name), { recursive: true })
        }
        return answer
      },
    })),
  },
  {
    title: 'a clone has the first size of its source',
    by: 'cloning: gives a clone the size',
    suite: { volumeOptions: { size: '1g' } },
    spoil: replacing('cloning', (good) => ({
      clone: async (volume, request, call) => ({ ...(await good.clone(volume, request, call)), sizeBytes: 1 << 30 }),
    })),
  },
  {
    title: 'a clone is told to have the size of its source, and has another limit',
    by: 'cloning: gives a clone the size',
    suite: { volumeOptions: { size: '1g' } },
    spoil: replacing('usage', (good) => ({
      measure: async (volume, call) => {
        const limitBytes = volume.name === 'clone' ? 1 << 30 : volume.sizeBytes
        return { ...(await good.measure(volume, call)), ...(limitBytes === undefined ? {} : { limitBytes }) }
      },
    })),
  },
]

declareSabotages('cloning', cloning, (title) => title.startsWith('cloning:'))

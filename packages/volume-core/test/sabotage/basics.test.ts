import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Driver, DriverCall, DriverVolume, MountFacet, ReferenceInfo } from '../../src/driver.js'
import { failuresOf, type Sabotage } from '../support/sabotage.js'

const frozenCall: DriverCall = { signal: new AbortController().signal, log: console }

/** The good facet, with parts of it replaced. */
const mounts = (good: Driver, parts: Partial<MountFacet>): { mounts: MountFacet } => {
  const facet = good.mounts
  if (facet === undefined) throw new Error('a driver without mounts')
  return {
    mounts: {
      per: facet.per,
      mount: (volume, reference, call) => facet.mount(volume, reference, call),
      unmount: (volume, reference, state, call) => facet.unmount(volume, reference, state, call),
      ...parts,
    },
  }
}

const sabotages: readonly Sabotage[] = [
  {
    title: 'create cannot be repeated',
    by: 'creates a volume, and leaves it',
    spoil: (good, home) => ({
      create: async (volume, call) => {
        await mkdir(join(home, 'memory', volume.name))
        return await good.create(volume, call)
      },
    }),
  },
  {
    title: 'a repeated create starts afresh',
    by: 'creates a volume, and leaves it',
    spoil: (good) => ({
      create: async (volume, call) => {
        await good.remove(volume, call)
        return await good.create(volume, call)
      },
    }),
  },
  {
    title: 'remove leaves the data',
    by: 'removes a volume with its data',
    spoil: () => ({ remove: async () => undefined }),
  },
  {
    title: 'remove fails on what is gone',
    by: 'removes a volume with its data',
    spoil: (_, home) => ({ remove: (volume) => rm(join(home, 'memory', volume.name), { recursive: true }) }),
  },
  {
    title: 'remove takes every volume whose name begins alike',
    by: 'keeps volumes apart',
    spoil: (good) => ({
      remove: async (volume, call) => {
        for (const end of ['', '.', '-2', 'r']) await good.remove({ ...volume, name: `${volume.name}${end}` }, call)
      },
    }),
  },
  {
    title: 'remove leaves a file beside the volume',
    by: 'removes a volume with its data',
    spoil: (good, home) => ({
      remove: async (volume, call) => {
        await good.remove(volume, call)
        await writeFile(join(home, 'memory', `${volume.name}.json`.slice(-200)), '{}')
      },
    }),
  },
  {
    title: 'path is relative',
    by: 'creates a volume, and leaves it',
    spoil: () => ({ path: async ({ name }) => `memory/${name}` }),
  },
  {
    title: 'path tells of volumes that are gone',
    by: 'removes a volume with its data',
    spoil: (_, home) => ({ path: async ({ name }) => join(home, 'memory', name) }),
  },
  { title: 'path never tells', by: 'creates a volume, and leaves it', spoil: () => ({ path: async () => undefined }) },
  {
    title: 'names are shortened',
    by: 'takes every name',
    spoil: (good) => {
      const short = (volume: DriverVolume) => ({ ...volume, name: volume.name.slice(0, 32) })
      return {
        create: (volume, call) => good.create(short(volume), call),
        remove: (volume, call) => good.remove(short(volume), call),
        path: (volume, call) => good.path(short(volume), call),
      }
    },
  },
  {
    title: 'the case of names is lost',
    by: 'keeps volumes apart',
    spoil: (good) => {
      const lower = (volume: DriverVolume) => ({ ...volume, name: volume.name.toLowerCase() })
      return {
        create: (volume, call) => good.create(lower(volume), call),
        remove: (volume, call) => good.remove(lower(volume), call),
        path: (volume, call) => good.path(lower(volume), call),
      }
    },
  },
  {
    title: 'the record is changed',
    by: 'creates a volume, and leaves it',
    spoil: (good) => ({
      create: async (volume, call) => {
        Object.assign(volume.options, { touched: true })
        return await good.create(volume, call)
      },
    }),
  },
  {
    title: 'create takes no notice of its signal',
    by: 'rejects a create whose signal has fired',
    spoil: (good) => ({ create: (volume) => good.create(volume, frozenCall) }),
  },
  {
    title: 'create swallows its errors',
    by: 'says so when a volume cannot be made',
    spoil: (good) => ({
      create: async (volume, call) => {
        if (call.signal.aborted) throw new Error('aborted')
        return await good.create(volume, call).catch(() => undefined)
      },
    }),
  },
  {
    title: 'the state does not survive JSON',
    by: 'answers a state that survives JSON',
    spoil: (good) => ({
      create: async (volume, call) => {
        await good.create(volume, call)
        return { state: { made: new Date() as never } }
      },
    }),
  },
  {
    title: 'a facet is there that nobody knows of',
    by: 'has the facets',
    memory: { mounts: 'volume' },
    suite: { expects: [] },
  },
  { title: 'a facet is missing', by: 'has the facets', suite: { expects: ['mounts'] } },
  {
    title: 'the facet has no inverse',
    by: 'has the facets',
    memory: { mounts: 'volume' },
    spoil: (good) => mounts(good, { unmount: undefined as never }),
  },
  { title: 'it calls itself something else', by: 'tells who it is', spoil: () => ({ name: 'another' }) },
  { title: 'it was written for a contract to come', by: 'tells who it is', definition: { contract: 2 } },
  {
    title: 'its table of options is wrong',
    by: 'tells who it is',
    definition: { options: { size: { type: 'bytes', description: '', default: 'big' } } },
  },
  {
    title: 'unmount does nothing',
    by: 'is mounted between mount and unmount',
    memory: { mounts: 'volume' },
    spoil: (good) => mounts(good, { unmount: async () => undefined }),
  },
  {
    title: 'unmount of what is not mounted fails',
    by: 'lets an unmount be repeated',
    memory: { mounts: 'volume' },
    spoil: (good) =>
      mounts(good, {
        unmount: async (volume, reference, state, call) => {
          if ((await good.path(volume, call)) === undefined) throw new Error('not mounted')
          await good.mounts?.unmount(volume, reference, state, call)
        },
      }),
  },
  {
    title: 'unmount takes the mounts of other references too',
    by: 'mounts for each reference',
    memory: { mounts: 'reference' },
    spoil: (good, home) =>
      mounts(good, {
        unmount: (volume) => rm(join(home, '.memory-mounts', volume.name), { recursive: true, force: true }),
      }),
  },
  {
    title: 'a repeated mount needs as many unmounts',
    by: 'answers a repeated mount alike',
    memory: { mounts: 'volume' },
    spoil: (good) => {
      const counts = new Map<string, number>()
      return mounts(good, {
        mount: async (volume: DriverVolume, reference: ReferenceInfo, call: DriverCall) => {
          counts.set(volume.name, (counts.get(volume.name) ?? 0) + 1)
          return (await good.mounts?.mount(volume, reference, call)) ?? { path: '' }
        },
        unmount: async (volume, reference, state, call) => {
          const left = (counts.get(volume.name) ?? 1) - 1
          counts.set(volume.name, left)
          if (left <= 0) await good.mounts?.unmount(volume, reference, state, call)
        },
      })
    },
  },
  {
    title: 'mount takes no notice of its signal',
    by: 'rejects a mount whose signal has fired',
    memory: { mounts: 'volume' },
    spoil: (good) =>
      mounts(good, {
        mount: async (volume, reference) => {
          return (await good.mounts?.mount(volume, reference, frozenCall)) ?? { path: '' }
        },
      }),
  },
  {
    title: 'mounts are lost when it is closed',
    by: 'leaves volumes mounted when it is closed',
    memory: { mounts: 'volume' },
    spoil: (_, home) => ({ close: () => rm(join(home, '.memory-mounts'), { recursive: true, force: true }) }),
  },
  {
    title: 'volumes are lost when it is closed',
    by: 'finds its volumes again',
    spoil: (_, home) => ({ close: () => rm(join(home, 'memory'), { recursive: true, force: true }) }),
  },
]

describe('the suite fails a driver of which', () => {
  for (const { title, by, ...sabotage } of sabotages) {
    it(title, async () => {
      const failures = await failuresOf(sabotage)
      expect(failures.filter((each) => each.startsWith(by))).toHaveLength(1)
    })
  }

  it('nothing is wrong: not', async () => {
    for (const memory of [{}, { mounts: 'volume' }, { mounts: 'reference' }] as const) {
      expect(await failuresOf({ memory })).toEqual([])
    }
  })
})

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Driver, DriverCall, DriverDefinition, DriverVolume, MountFacet, ReferenceInfo } from '../src/driver.js'
import { memoryDriver, type TestRunner, testVolumeDriver } from '../src/testing.js'

type Kind = undefined | 'volume' | 'reference'

/** One way to get a driver wrong: what of a good one is replaced. */
interface Sabotage {
  readonly title: string
  readonly kind: Kind
  /** What the suite is told to expect, when it is not what the kind has. */
  readonly expects?: readonly 'mounts'[]
  readonly definition?: Partial<DriverDefinition>
  spoil?(good: Driver, home: string): Partial<Driver>
}

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
    kind: undefined,
    spoil: (good, home) => ({
      create: async (volume, call) => {
        await mkdir(join(home, 'memory', volume.name))
        return await good.create(volume, call)
      },
    }),
  },
  {
    title: 'a repeated create starts afresh',
    kind: undefined,
    spoil: (good) => ({
      create: async (volume, call) => {
        await good.remove(volume, call)
        return await good.create(volume, call)
      },
    }),
  },
  { title: 'remove leaves the data', kind: undefined, spoil: () => ({ remove: async () => undefined }) },
  {
    title: 'remove fails on what is gone',
    kind: undefined,
    spoil: (_, home) => ({ remove: (volume) => rm(join(home, 'memory', volume.name), { recursive: true }) }),
  },
  {
    title: 'remove takes every volume whose name begins alike',
    kind: undefined,
    spoil: (good) => ({
      remove: async (volume, call) => {
        for (const end of ['', '.', '-2', 'r']) await good.remove({ ...volume, name: `${volume.name}${end}` }, call)
      },
    }),
  },
  {
    title: 'remove leaves a file beside the volume',
    kind: undefined,
    spoil: (good, home) => ({
      remove: async (volume, call) => {
        await good.remove(volume, call)
        await writeFile(join(home, 'memory', `${volume.name}.json`.slice(-200)), '{}')
      },
    }),
  },
  { title: 'path is relative', kind: undefined, spoil: () => ({ path: async ({ name }) => `memory/${name}` }) },
  {
    title: 'path tells of volumes that are gone',
    kind: undefined,
    spoil: (_, home) => ({ path: async ({ name }) => join(home, 'memory', name) }),
  },
  { title: 'path never tells', kind: undefined, spoil: () => ({ path: async () => undefined }) },
  {
    title: 'names are shortened',
    kind: undefined,
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
    kind: undefined,
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
    kind: undefined,
    spoil: (good) => ({
      create: async (volume, call) => {
        Object.assign(volume.options, { touched: true })
        return await good.create(volume, call)
      },
    }),
  },
  {
    title: 'create takes no notice of its signal',
    kind: undefined,
    spoil: (good) => ({ create: (volume) => good.create(volume, frozenCall) }),
  },
  {
    title: 'create swallows its errors',
    kind: undefined,
    spoil: (good) => ({
      create: async (volume, call) => {
        if (call.signal.aborted) throw new Error('aborted')
        return await good.create(volume, call).catch(() => undefined)
      },
    }),
  },
  {
    title: 'the state does not survive JSON',
    kind: undefined,
    spoil: (good) => ({
      create: async (volume, call) => {
        await good.create(volume, call)
        return { state: { made: new Date() as never } }
      },
    }),
  },
  { title: 'a facet is there that nobody knows of', kind: 'volume', expects: [] },
  { title: 'a facet is missing', kind: undefined, expects: ['mounts'] },
  { title: 'the facet has no inverse', kind: 'volume', spoil: (good) => mounts(good, { unmount: undefined as never }) },
  { title: 'it calls itself something else', kind: undefined, spoil: () => ({ name: 'another' }) },
  { title: 'it was written for a contract to come', kind: undefined, definition: { contract: 2 } },
  {
    title: 'its table of options is wrong',
    kind: undefined,
    definition: { options: { size: { type: 'bytes', description: '', default: 'big' } } },
  },
  { title: 'unmount does nothing', kind: 'volume', spoil: (good) => mounts(good, { unmount: async () => undefined }) },
  {
    title: 'unmount of what is not mounted fails',
    kind: 'volume',
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
    kind: 'reference',
    spoil: (good, home) =>
      mounts(good, {
        unmount: (volume) => rm(join(home, '.memory-mounts', volume.name), { recursive: true, force: true }),
      }),
  },
  {
    title: 'a repeated mount needs as many unmounts',
    kind: 'volume',
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
    kind: 'volume',
    spoil: (good) =>
      mounts(good, {
        mount: async (volume, reference) => {
          return (await good.mounts?.mount(volume, reference, frozenCall)) ?? { path: '' }
        },
      }),
  },
  {
    title: 'mounts are lost when it is closed',
    kind: 'volume',
    spoil: (_, home) => ({ close: () => rm(join(home, '.memory-mounts'), { recursive: true, force: true }) }),
  },
  {
    title: 'volumes are lost when it is closed',
    kind: undefined,
    spoil: (_, home) => ({ close: () => rm(join(home, 'memory'), { recursive: true, force: true }) }),
  },
]

describe('the suite fails a driver of which', () => {
  for (const sabotage of sabotages) {
    it(sabotage.title, async () => {
      const failures = await failuresOf(sabotage)
      expect(failures).not.toEqual([])
    })
  }

  it('nothing is wrong: not', async () => {
    for (const kind of [undefined, 'volume', 'reference'] as const) {
      expect(await failuresOf({ title: 'good', kind, spoil: () => ({}) })).toEqual([])
    }
  })
})

/** Runs the whole suite on a spoilt driver, in a runner of our own. @returns the titles of the tests that failed */
async function failuresOf({ kind, expects, definition, spoil }: Sabotage): Promise<string[]> {
  const tests: { title: string; body: () => Promise<void> }[] = []
  const runner: TestRunner = {
    describe: (_, body) => body(),
    it: (title, body) => tests.push({ title, body }),
  }
  testVolumeDriver({
    runner,
    expects: expects ?? (kind === undefined ? [] : ['mounts']),
    open: () => spoiltSubject(kind, definition ?? {}, spoil ?? (() => ({}))),
  })
  const failures: string[] = []
  for (const { title, body } of tests) await body().catch(() => failures.push(title))
  return failures
}

async function spoiltSubject(kind: Kind, parts: Partial<DriverDefinition>, spoil: NonNullable<Sabotage['spoil']>) {
  const home = await mkdtemp(join(tmpdir(), 'pouch-volume-core-'))
  const good = memoryDriver(kind === undefined ? {} : { mounts: kind })
  const definition: DriverDefinition = {
    ...good,
    ...parts,
    open: async (host) => {
      const driver = await good.open(host)
      return { ...bound(driver), ...spoil(driver, home) }
    },
  }
  const file = join(home, 'memory', 'blocked')
  const obstruct = async () => {
    await writeFile(file, 'in the way')
    return () => rm(file)
  }
  return { definition, home, obstruct, dispose: () => rm(home, { recursive: true, force: true }) }
}

function bound(driver: Driver): Driver {
  return {
    name: driver.name,
    traits: driver.traits,
    create: (volume, call) => driver.create(volume, call),
    remove: (volume, call) => driver.remove(volume, call),
    path: (volume, call) => driver.path(volume, call),
    close: () => driver.close(),
    ...(driver.mounts === undefined ? {} : { mounts: driver.mounts }),
  }
}

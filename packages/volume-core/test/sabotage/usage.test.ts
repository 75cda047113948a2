import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { declareSabotages, mounted, replacing } from '../support/facet-sabotage.js'
import type { Sabotage } from '../support/sabotage.js'

const usage: readonly Sabotage[] = [
  {
    title: 'usage is always nothing',
    by: 'usage: grows and shrinks',
    spoil: replacing('usage', (good) => ({
      measure: async (volume, call) => ({ ...(await good.measure(volume, call)), usedBytes: 0 }),
    })),
  },
  {
    title: 'usage only ever grows',
    by: 'usage: grows and shrinks',
    spoil: replacing('usage', (good) => {
      let most = 0
      return {
        measure: async (volume, call) => {
          const found = await good.measure(volume, call)
          most = Math.max(most, found.usedBytes)
          return { ...found, usedBytes: most }
        },
      }
    }),
  },
  {
    title: 'usage is counted in halves',
    by: 'usage: tells whole numbers',
    spoil: replacing('usage', (good) => ({
      measure: async (volume, call) => ({ ...(await good.measure(volume, call)), usedInodes: 0.5 }),
    })),
  },
  {
    title: 'usage of a volume at rest fails for no reason',
    by: 'usage: of a volume not in use',
    memory: mounted,
    spoil: replacing('usage', (good, driver) => ({
      measure: async (volume, call) => {
        if ((await driver.path(volume, call)) === undefined) throw new Error('not mounted')
        return await good.measure(volume, call)
      },
    })),
  },
  {
    title: 'usage mounts, and leaves it so',
    by: 'usage: of a volume not in use',
    memory: mounted,
    spoil: replacing('usage', (good, driver) => ({
      measure: async (volume, call) => {
        const reference = { id: 'measure', holder: 'driver', readOnly: true }
        if (volume.name === 'vol') await driver.mounts?.mount(volume, reference, call)
        return await good.measure(volume, call)
      },
    })),
  },
  {
    title: 'usage of what is not there is nothing',
    by: 'usage: fails for a volume',
    spoil: replacing('usage', (good) => ({
      measure: (volume, call) => good.measure(volume, call).catch(() => ({ usedBytes: 0, source: 'walk' as const })),
    })),
  },
  {
    title: 'usage tells a limit that nobody enforces',
    by: 'usage: tells a limit that holds',
    spoil: replacing('usage', (good) => ({
      measure: async (volume, call) => ({ ...(await good.measure(volume, call)), limitBytes: 32 << 20 }),
    })),
  },
]

const health: readonly Sabotage[] = [
  {
    title: 'it is never well',
    by: 'health: tells',
    spoil: replacing('health', () => ({ check: async () => ({ state: 'failed', message: 'always' }) })),
  },
  {
    title: 'it is not well, and does not say why',
    by: 'health: tells',
    spoil: replacing('health', () => ({ check: async () => ({ state: 'degraded' }) })),
  },
  {
    title: 'it cannot tell after a restart',
    by: 'health: tells',
    spoil: (good, home) => ({
      close: () => writeFile(join(home, 'closed'), ''),
      health: {
        check: async (call) => {
          if ((await readdir(home)).includes('closed')) throw new Error('nobody answers')
          return (await good.health?.check(call)) ?? { state: 'failed' }
        },
      },
    }),
  },
]

declareSabotages('usage', usage, (title) => title.startsWith('usage:'))
declareSabotages('health', health, (title) => title.startsWith('health:'))

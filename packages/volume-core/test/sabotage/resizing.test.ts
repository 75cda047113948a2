import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { deaf, declareSabotages, mounted, replacing, volumeAt } from '../support/facet-sabotage.js'
import type { Sabotage } from '../support/sabotage.js'

const resizing: readonly Sabotage[] = [
  {
    title: 'resizing empties the volume',
    by: 'resizing: grows a volume and leaves',
    alsoElsewhere: true,
    spoil: replacing('resizing', (good, _, home) => ({
      resize: async (volume, sizeBytes, call) => {
        const answer = await good.resize(volume, sizeBytes, call)
        for (const name of await readdir(volumeAt(home, volume.name))) {
          await rm(join(volumeAt(home, volume.name), name), { recursive: true })
        }
        return answer
      },
    })),
  },
  {
    title: 'resizing to the size that it has fails',
    by: 'resizing: grows a volume and leaves',
    spoil: replacing('resizing', (good) => ({
      resize: async (volume, sizeBytes, call) => {
        if (volume.sizeBytes === sizeBytes) throw new Error('nothing to do')
        return await good.resize(volume, sizeBytes, call)
      },
    })),
  },
  {
    title: 'resizing of a volume in use fails for no reason',
    by: 'resizing: grows a volume in use',
    memory: mounted,
    spoil: replacing('resizing', (good, driver) => ({
      resize: async (volume, sizeBytes, call) => {
        if (sizeBytes > 4096 && (await driver.path(volume, call)) !== undefined) throw new Error('busy')
        return await good.resize(volume, sizeBytes, call)
      },
    })),
  },
  {
    title: 'resizing cuts off what does not fit',
    by: 'resizing: refuses a size below',
    spoil: replacing('resizing', () => ({
      resize: async (_, sizeBytes, { signal }) => {
        signal.throwIfAborted()
        if (_.name === 'never-was') throw new Error('no such volume')
        return { sizeBytes }
      },
    })),
  },
  {
    title: 'resizing makes room by deleting before it refuses',
    by: 'resizing: refuses a size below',
    spoil: replacing('resizing', (good, _, home) => ({
      resize: async (volume, sizeBytes, call) => {
        if (sizeBytes === 4096) await rm(join(volumeAt(home, volume.name), 'link'), { force: true })
        return await good.resize(volume, sizeBytes, call)
      },
    })),
  },
  {
    title: 'resizing takes no notice of its signal',
    by: 'resizing: rejects when the signal',
    spoil: replacing('resizing', (good) => ({ resize: (volume, size) => good.resize(volume, size, deaf) })),
  },
  {
    title: 'resizing makes what is not there',
    by: 'resizing: fails for a volume',
    spoil: replacing('resizing', (good, driver) => ({
      resize: async (volume, sizeBytes, call) => {
        if (!call.signal.aborted) await driver.create(volume, call)
        return await good.resize(volume, sizeBytes, call)
      },
    })),
  },
  {
    title: 'the usage tells the old limit after growing',
    by: 'resizing: shows the new limit',
    suite: { volumeOptions: { size: '1g' } },
    spoil: replacing('usage', (good) => ({
      measure: async (volume, call) => ({ ...(await good.measure(volume, call)), limitBytes: 1 << 30 }),
    })),
  },
]

declareSabotages('resizing', resizing, (title) => title.startsWith('resizing:'))

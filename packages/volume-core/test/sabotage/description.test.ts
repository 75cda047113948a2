import type { VolumeDescription } from '../../src/driver.js'
import { declareSabotages, mounted, replacing } from '../support/facet-sabotage.js'
import type { Sabotage } from '../support/sabotage.js'

const describing = (change: (good: VolumeDescription, isThere: boolean) => object): NonNullable<Sabotage['spoil']> => {
  return (good) => ({
    describe: async (volume, call) => {
      const told = (await good.describe?.(volume, call)) ?? { without: {}, facts: {} }
      return { ...told, ...change(told, (await good.path(volume, call)) !== undefined) }
    },
  })
}

const description: readonly Sabotage[] = [
  {
    title: 'a volume lacks something for no reason',
    by: 'describes a volume truly',
    suite: { without: ['usage'] },
    spoil: describing(() => ({ without: { usage: '' } })),
  },
  {
    title: 'a volume lacks what the suite was not told of',
    by: 'describes a volume truly',
    spoil: describing(() => ({ without: { usage: 'because of the weather' } })),
  },
  {
    title: 'a volume is said to lack what does not exist',
    by: 'describes a volume truly',
    spoil: describing(() => ({ without: { flying: 'it has no wings' } })),
  },
  {
    title: 'a volume lacks nothing, though the suite was told so',
    by: 'describes a volume truly',
    suite: { without: ['usage'] },
  },
  {
    title: 'facts do not survive JSON',
    by: 'describes a volume truly',
    spoil: describing(() => ({ facts: { since: new Date() } })),
  },
  {
    title: 'a volume has other facets while it is in use',
    by: 'describes a volume truly',
    memory: mounted,
    spoil: describing((_, isThere) => ({ without: isThere ? { usage: 'it is in use' } : {} })),
  },
  {
    title: 'a volume is to be mounted only once it is there',
    by: 'says whether a volume is one to be mounted',
    memory: mounted,
    spoil: replacing('mounts', () => ({ concerns: ({ state }) => state !== undefined })),
  },
  {
    title: 'a volume is never to be mounted, and the suite was not told',
    by: 'says whether a volume is one to be mounted',
    memory: mounted,
    suite: { volumeOptions: { direct: 'true' } },
  },
]

declareSabotages('description', description, (title) => /^(describes|says whether) /.test(title))

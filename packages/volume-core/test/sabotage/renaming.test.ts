import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { deaf, declareSabotages, replacing, snapshotsAt, volumeAt } from '../support/facet-sabotage.js'
import type { Sabotage } from '../support/sabotage.js'

const renaming: readonly Sabotage[] = [
  {
    title: 'a rename leaves the old volume',
    by: 'renaming: takes the content along',
    alsoElsewhere: true,
    spoil: replacing('renaming', (good, _, home) => ({
      rename: async (volume, newName, call) => {
        const answer = await good.rename(volume, newName, call)
        await cp(volumeAt(home, newName), volumeAt(home, volume.name), { recursive: true, verbatimSymlinks: true })
        return answer
      },
    })),
  },
  {
    title: 'a rename makes an empty volume',
    by: 'renaming: takes the content along',
    alsoElsewhere: true,
    spoil: replacing('renaming', (good, _, home) => ({
      rename: async (volume, newName, call) => {
        const answer = await good.rename(volume, newName, call)
        await rm(volumeAt(home, newName), { recursive: true })
        await mkdir(volumeAt(home, newName))
        return answer
      },
    })),
  },
  {
    title: 'a rename cannot be repeated',
    by: 'renaming: lets rename be repeated',
    spoil: replacing('renaming', (good, driver) => ({
      rename: async (volume, newName, call) => {
        if ((await driver.path(volume, call)) === undefined) throw new Error('there is no such volume')
        return await good.rename(volume, newName, call)
      },
    })),
  },
  {
    title: 'a rename replaces whoever has the name',
    by: 'renaming: never takes a name',
    spoil: replacing('renaming', (good, driver) => ({
      rename: async (volume, newName, call) => {
        const isThere = (await driver.path(volume, call)) !== undefined
        if (isThere && !call.signal.aborted) await driver.remove({ ...volume, name: newName }, call)
        return await good.rename(volume, newName, call)
      },
    })),
  },
  {
    title: 'a rename takes no notice of its signal',
    by: 'renaming: rejects a fired signal',
    spoil: replacing('renaming', (good) => ({ rename: (volume, newName) => good.rename(volume, newName, deaf) })),
  },
  {
    title: 'a rename of nothing succeeds',
    by: 'renaming: fails for a volume',
    spoil: replacing('renaming', (good) => ({
      rename: async (volume, newName, call) =>
        volume.name === 'never-was' ? undefined : await good.rename(volume, newName, call),
    })),
  },
  {
    title: 'a rename cuts long names short',
    by: 'renaming: takes every name',
    spoil: replacing('renaming', (good) => ({
      rename: (volume, newName, call) => good.rename(volume, newName.slice(0, 64), call),
    })),
  },
  {
    title: 'a rename leaves the snapshots behind',
    by: 'renaming: takes the snapshots along',
    spoil: replacing('renaming', (good, _, home) => ({
      rename: async (volume, newName, call) => {
        const answer = await good.rename(volume, newName, call)
        await rename(snapshotsAt(home, newName), snapshotsAt(home, volume.name)).catch(() => undefined)
        return answer
      },
    })),
  },
]

declareSabotages('renaming', renaming, (title) => title.startsWith('renaming:'))

import { chmod, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DriverSnapshot } from '../../src/driver.js'
import { deaf, declareSabotages, replacing, snapshotsAt, volumeAt } from '../support/facet-sabotage.js'
import type { Sabotage } from '../support/sabotage.js'

const snapshots: readonly Sabotage[] = [
  {
    title: 'restore does nothing',
    by: 'snapshots: restores content',
    alsoElsewhere: true,
    spoil: replacing('snapshots', (good) => ({
      restore: async (volume, snapshot, call) => {
        call.signal.throwIfAborted()
        const names = (await good.list(volume, call)).map(({ name }) => name)
        if (!names.includes(snapshot.name)) throw new Error('no such snapshot')
      },
    })),
  },
  {
    title: 'restore loses the modes',
    by: 'snapshots: restores content',
    alsoElsewhere: true,
    spoil: replacing('snapshots', (good, _, home) => ({
      restore: async (volume, snapshot, call) => {
        await good.restore(volume, snapshot, call)
        await chmod(volumeAt(home, volume.name), 0o700)
      },
    })),
  },
  {
    title: 'restore adds to what is there',
    by: 'snapshots: restores content',
    alsoElsewhere: true,
    spoil: replacing('snapshots', (good, _, home) => ({
      restore: async (volume, snapshot, call) => {
        const added = join(volumeAt(home, volume.name), 'added')
        await good.restore(volume, snapshot, call)
        await writeFile(added, 'added')
      },
    })),
  },
  {
    title: 'restore uses the snapshot up',
    by: 'snapshots: restores content',
    alsoElsewhere: true,
    spoil: replacing('snapshots', (good) => ({
      restore: async (volume, snapshot, call) => {
        await good.restore(volume, snapshot, call)
        await good.remove(volume, snapshot, call)
      },
    })),
  },
  {
    title: 'a volume that was restored is its snapshot',
    by: 'snapshots: restores content',
    alsoElsewhere: true,
    spoil: replacing('snapshots', (good, _, home) => ({
      restore: async (volume, snapshot, call) => {
        await good.restore(volume, snapshot, call)
        await rm(volumeAt(home, volume.name), { recursive: true })
        await symlink(join(snapshotsAt(home, volume.name), snapshot.name, 'content'), volumeAt(home, volume.name))
      },
    })),
  },
  {
    title: 'only the newest snapshot can be restored',
    by: 'snapshots: restores each of many',
    spoil: replacing('snapshots', (good) => {
      let newest: DriverSnapshot | undefined
      return {
        create: async (volume, request, call) => {
          newest = await good.create(volume, request, call)
          return newest
        },
        restore: async (volume, snapshot, call) => {
          await good.restore(volume, snapshot.name === 'one' ? (newest ?? snapshot) : snapshot, call)
        },
      }
    }),
  },
  {
    title: 'a snapshot cannot be made twice',
    by: 'snapshots: lets create, restore',
    spoil: replacing('snapshots', (good) => ({
      create: async (volume, request, call) => {
        const there = (await good.list(volume, call)).some(({ name }) => name === request.name)
        if (there) throw new Error('there is one')
        return await good.create(volume, request, call)
      },
    })),
  },
  {
    title: 'a snapshot cannot be removed twice',
    by: 'snapshots: lets create, restore',
    alsoElsewhere: true,
    spoil: replacing('snapshots', (good) => ({
      remove: async (volume, snapshot, call) => {
        const there = (await good.list(volume, call)).some(({ name }) => name === snapshot.name)
        if (!there) throw new Error('there is none')
        await good.remove(volume, snapshot, call)
      },
    })),
  },
  {
    title: 'the snapshots of all volumes are listed',
    by: 'snapshots: lists those of the one',
    spoil: replacing('snapshots', (good, _, home) => ({
      list: async (volume, call) => {
        const own = await good.list(volume, call)
        const others = await readdir(join(home, '.memory-snapshots'))
        const lists = others.map((name) => good.list({ ...volume, name }, call))
        return others.length > 1 ? (await Promise.all(lists)).flat() : own
      },
    })),
  },
  {
    title: 'snapshots are volumes to its inventory',
    by: 'snapshots: lists those of the one',
    spoil: replacing('inventory', (good, _, home) => ({
      list: async (call) => {
        const owners = await readdir(join(home, '.memory-snapshots'))
        return [...(await good.list(call)), ...owners.map((name) => ({ name: `${name}@snapshot` }))]
      },
    })),
  },
  {
    title: "snapshots' names are cut short",
    by: 'snapshots: takes every name',
    spoil: replacing('snapshots', (good) => ({
      list: async (volume, call) =>
        (await good.list(volume, call)).map((each) => ({ ...each, name: each.name.slice(0, 64) })),
    })),
  },
  {
    title: 'volumes in use are copied, and nobody allowed it',
    by: 'snapshots: of a volume in use',
    spoil: replacing('snapshots', (good) => ({
      create: (volume, request, call) => good.create(volume, { ...request, allowInconsistent: true }, call),
    })),
  },
  {
    title: 'volumes in use are refused, also where it was allowed',
    by: 'snapshots: of a volume in use',
    spoil: replacing('snapshots', (good) => ({
      create: (volume, request, call) => good.create(volume, { ...request, allowInconsistent: false }, call),
    })),
  },
  {
    title: 'a snapshot takes no notice of its signal',
    by: 'snapshots: reject a fired signal',
    spoil: replacing('snapshots', (good) => ({ create: (volume, request) => good.create(volume, request, deaf) })),
  },
  {
    title: 'a restore takes no notice of its signal',
    by: 'snapshots: reject a fired signal',
    spoil: replacing('snapshots', (good) => ({ restore: (volume, snapshot) => good.restore(volume, snapshot, deaf) })),
  },
  {
    title: 'a snapshot that is not there is restored as an empty volume',
    by: 'snapshots: fails to restore',
    spoil: replacing('snapshots', (good, _, home) => ({
      restore: async (volume, snapshot, call) => {
        if (snapshot.name !== 'never-was') return await good.restore(volume, snapshot, call)
        await rm(volumeAt(home, volume.name), { recursive: true })
        await mkdir(volumeAt(home, volume.name))
      },
    })),
  },
  {
    title: 'snapshots are lost when it is closed',
    by: 'snapshots: are there when',
    spoil: (_, home) => ({ close: () => rm(join(home, '.memory-snapshots'), { recursive: true }) }),
  },
  {
    title: 'nobody is told how a snapshot was made',
    by: 'snapshots: say how',
    spoil: replacing('snapshots', (good) => ({
      create: async (volume, request, call) => ({ ...(await good.create(volume, request, call)), method: '' }),
    })),
  },
]

declareSabotages('snapshots', snapshots, (title) => title.startsWith('snapshots:'))

import type { DriverCall, FoundVolume } from '../../src/driver.js'
import { declareSabotages, replacing } from '../support/facet-sabotage.js'
import type { Sabotage } from '../support/sabotage.js'

const inventory: readonly Sabotage[] = [
  {
    title: 'the inventory keeps what was removed',
    by: 'inventory: finds a volume from',
    spoil: replacing('inventory', (good) => {
      const seen = new Map<string, FoundVolume>()
      const get = async (name: string, call: DriverCall) => {
        const found = (await good.get(name, call)) ?? seen.get(name)
        if (found !== undefined) seen.set(name, found)
        return found
      }
      return { get }
    }),
  },
  {
    title: 'the inventory lists names cut short',
    by: 'inventory: has each volume once',
    spoil: replacing('inventory', (good) => ({
      list: async (call) => (await good.list(call)).map((found) => ({ ...found, name: found.name.slice(0, 64) })),
    })),
  },
  {
    title: 'the inventory lists a volume for each time that it was made',
    by: 'inventory: has each volume once',
    spoil: (good) => {
      const made: string[] = []
      return {
        create: async (volume, call) => {
          made.push(volume.name)
          return await good.create(volume, call)
        },
        inventory: {
          get: async (name, call) => await good.inventory?.get(name, call),
          list: async (call) => {
            const found = (await good.inventory?.list(call)) ?? []
            const timesOf = ({ name }: FoundVolume) => Math.max(1, made.filter((each) => each === name).length)
            return found.flatMap((each) => Array<FoundVolume>(timesOf(each)).fill(each))
          },
        },
      }
    },
  },
  {
    title: 'the inventory finds what only begins alike',
    by: 'inventory: has each volume once',
    spoil: replacing('inventory', (good) => ({
      get: async (name, call) => {
        const found = (await good.list(call)).find((each) => each.name === name || name.startsWith(each.name))
        return found === undefined ? undefined : { ...found, name: found.name }
      },
    })),
  },
  {
    title: 'the inventory remembers only what was made since it was opened',
    by: 'inventory: finds its volumes when',
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
  },
  {
    title: 'the inventory tells no proper time',
    by: 'inventory: tells facts',
    spoil: replacing('inventory', (good) => ({
      list: async (call) => (await good.list(call)).map((found) => ({ ...found, createdAt: 'yesterday' })),
    })),
  },
]

declareSabotages('inventory', inventory, (title) => title.startsWith('inventory:'))

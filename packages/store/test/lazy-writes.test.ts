import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { keyvStore } from '../src/index.js'

describe('a lazy write', () => {
  it('reaches the disk within a second though nothing else is written', async () => {
    const disk = new Map<string, unknown>()
    const store = await keyvStore({ adapter: disk })
    await store.create('volume/a', { phase: 'ready' }, { lazy: true })
    expect([...disk.keys()].filter((key) => key.includes('volume/a'))).toEqual([])
    await delay(1000)
    expect([...disk.keys()].filter((key) => key.includes('volume/a'))).toHaveLength(1)
    await store.close()
  })
})

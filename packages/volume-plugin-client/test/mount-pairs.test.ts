import { rmSync } from 'node:fs'
import type { Driver, JsonValue } from '@pouch/volume-core/driver'
import { describe, expect, it, vi } from 'vitest'
import { answer, type FakePlugin, type Fault, faults } from './support/fake-plugin.js'
import { call, definitionOf, freshState, openDriver, reference, startPlugin, volume } from './support/setting.js'

const data = volume('data')

async function mount(driver: Driver, id = 'one'): Promise<string | undefined> {
  return (await driver.mounts?.mount(data, reference(id), call()))?.path
}

async function unmount(driver: Driver, id = 'one'): Promise<void> {
  await driver.mounts?.unmount(data, reference(id), undefined, call())
}

/**
 * A plugin with a volume, a driver for it, and the same driver as a restart of the engine finds it.
 *
 * @param isNew the driver has not mounted anything by this plugin yet
 */
async function setting(options: Parameters<typeof startPlugin>[0] = {}, isNew = false) {
  const { plugin, socket } = await startPlugin(options)
  const state = freshState()
  const reopen = () => openDriver(definitionOf(socket), state)
  const driver = await reopen()
  await driver.create(data, call())
  if (!isNew) {
    await mount(driver, 'before')
    await unmount(driver, 'before')
    plugin.seen.length = 0
  }
  const count = () => plugin.volumes.get('data')?.count
  return { plugin, socket, state, driver, reopen, count }
}

/** Does the work, and dies before anybody hears of it. */
const workAndDie =
  (plugin: FakePlugin): Fault =>
  (seen, _, connection) => {
    plugin.work(seen)
    connection.destroy()
  }

describe('a mount', () => {
  it('is made once for a reference, whoever asks how often, also after a restart', async () => {
    const { plugin, driver, reopen, count } = await setting()
    const path = await mount(driver)
    expect(await mount(driver)).toBe(path)
    const again = await reopen()
    expect(await mount(again)).toBe(path)
    expect(await again.path(data, call())).toBe(path)
    expect(count()).toBe(1)
    await unmount(again)
    await unmount(again)
    expect(plugin.ids('Unmount')).toEqual(plugin.ids('Mount'))
    expect(count()).toBe(0)
    expect(await again.path(data, call())).toBeUndefined()
  })

  it('is one for each reference', async () => {
    const { plugin, driver, count } = await setting()
    await mount(driver, 'one')
    const path = await mount(driver, 'two')
    expect(path).toBe(plugin.pathOf('data'))
    expect(count()).toBe(2)
    await unmount(driver, 'one')
    expect(await driver.path(data, call())).toBe(path)
    await unmount(driver, 'two')
    expect(count()).toBe(0)
    expect(new Set(plugin.ids('Mount')).size).toBe(2)
    expect(plugin.ids('Unmount')).toEqual(plugin.ids('Mount'))
  })

  it.each([
    ['refused', faults.refuse],
    ['not known to the plugin', answer({}, 404)],
  ])('that was %s has no Unmount', async (_, fault) => {
    const { plugin, driver, state } = await setting()
    plugin.break('Mount', fault)
    await expect(mount(driver)).rejects.toMatchObject({ code: 'internal' })
    await unmount(driver)
    expect(plugin.ids('Unmount')).toEqual([])
    expect(pairsIn(state)).toEqual([])
  })

  it('that was never sent has no Unmount', async () => {
    const { plugin, socket, driver } = await setting()
    await plugin.die()
    await expect(mount(driver)).rejects.toMatchObject({ code: 'unavailable' })
    rmSync(socket, { force: true })
    await plugin.listen(socket)
    await unmount(driver)
    expect(plugin.ids('Unmount')).toEqual([])
  })

  it.each([
    ['that tells what is mounted', {}, false],
    ['that has not shown whether it tells', {}, true],
    ['that does not tell', { tells: false }, false],
  ])('without an answer has one Unmount, and not a second, by a plugin %s', async (_, options, isNew) => {
    const { plugin, driver, state, count } = await setting(options, isNew)
    plugin.break('Mount', workAndDie(plugin))
    await expect(mount(driver)).rejects.toMatchObject({ code: 'timeout' })
    await unmount(driver)
    await unmount(driver)
    expect(plugin.ids('Unmount')).toEqual(plugin.ids('Mount'))
    expect(count()).toBe(0)
    expect(pairsIn(state)).toEqual([])
  })

  it.each([
    ['died', faults.hangUp],
    ['was cut off', faults.half],
  ])('that was not done because the plugin %s has no Unmount where that shows', async (_, fault) => {
    const { plugin, driver, state, count } = await setting()
    plugin.break('Mount', fault)
    await expect(mount(driver)).rejects.toMatchObject({ code: 'timeout' })
    await unmount(driver)
    expect(plugin.ids('Unmount')).toEqual([])
    await driver.remove(volume('data', { made: true }), call())
    expect(count()).toBeUndefined()
    expect(pairsIn(state)).toEqual([])
  })

  it('that is done after we gave up on it is undone before the volume is removed', async () => {
    const { plugin, driver, count } = await setting()
    const late = new AbortController()
    plugin.break('Mount', (seen, _, connection) => {
      connection.once('close', () => setTimeout(() => plugin.work(seen), 30))
      late.abort(new DOMException('too late', 'TimeoutError'))
    })
    await expect(driver.mounts?.mount(data, reference('one'), call(late.signal))).rejects.toMatchObject({
      code: 'timeout',
    })
    await unmount(driver)
    await vi.waitFor(() => expect(count()).toBe(1))
    await driver.remove(volume('data', { made: true }), call())
    expect(plugin.ids('Unmount')).toEqual(plugin.ids('Mount'))
    expect(plugin.volumes.size).toBe(0)
  })

  it('without an answer is undone before the reference is mounted anew', async () => {
    const { plugin, driver, count } = await setting()
    plugin.break('Mount', workAndDie(plugin))
    await expect(mount(driver)).rejects.toMatchObject({ code: 'timeout' })
    await mount(driver)
    expect(plugin.calls.filter((method) => method.endsWith('ount'))).toEqual(['Mount', 'Unmount', 'Mount'])
    expect(count()).toBe(1)
  })

  it('that a crash cut short before the plugin had it may be unmounted in vain: the refusal is no failure', async () => {
    const { plugin, state, driver, reopen } = await setting({ tells: false })
    const crashed = cutShort(state)
    plugin.break('Mount', (_, response) => {
      crashed.now = true
      response.end('{"Mountpoint":"/somewhere"}')
    })
    await expect(mount(driver)).rejects.toThrow('crash')
    crashed.now = false
    await unmount(await reopen())
    expect(plugin.ids('Unmount')).toEqual(plugin.ids('Mount'))
    expect(pairsIn(state)).toEqual([])
  })
})

describe('an unmount', () => {
  it('without an answer that was done is not repeated', async () => {
    const { plugin, driver, state, count } = await setting()
    await mount(driver)
    plugin.break('Unmount', workAndDie(plugin))
    await expect(unmount(driver)).rejects.toMatchObject({ code: 'timeout' })
    await unmount(driver)
    expect(plugin.ids('Unmount')).toHaveLength(1)
    expect(count()).toBe(0)
    expect(pairsIn(state)).toEqual([])
  })

  it('without an answer that was not done is repeated, also after a crash', async () => {
    const { plugin, driver, reopen, count } = await setting()
    await mount(driver)
    plugin.break('Unmount', faults.hangUp)
    await expect(unmount(driver)).rejects.toMatchObject({ code: 'timeout' })
    await unmount(await reopen())
    expect(count()).toBe(0)
  })

  it('without an answer waits while another of ours uses the volume, and is made after it', async () => {
    const { plugin, driver, reopen, state, count } = await setting()
    await mount(driver, 'one')
    await mount(driver, 'two')
    plugin.break('Unmount', faults.hangUp)
    await expect(unmount(driver, 'one')).rejects.toMatchObject({ code: 'timeout' })
    await unmount(driver, 'one')
    expect(count()).toBe(2)
    // Its reference may be mounted anew meanwhile, and a crash forgets nothing.
    await mount(driver, 'one')
    const again = await reopen()
    await unmount(again, 'one')
    expect(count()).toBe(2)
    await unmount(again, 'two')
    expect(count()).toBe(0)
    expect(pairsIn(state)).toEqual([])
  })

  it('that is owed and was done after all is not made twice', async () => {
    const { plugin, driver, state, count } = await setting()
    await mount(driver, 'one')
    await mount(driver, 'two')
    plugin.break('Unmount', workAndDie(plugin))
    await expect(unmount(driver, 'one')).rejects.toMatchObject({ code: 'timeout' })
    await unmount(driver, 'one')
    expect(count()).toBe(1)
    await unmount(driver, 'two')
    expect(count()).toBe(0)
    expect(pairsIn(state)).toEqual([])
  })

  it('that was refused is an error, and can be made again', async () => {
    const { plugin, driver, count } = await setting()
    const path = await mount(driver)
    expect(path).toBe(plugin.pathOf('data'))
    plugin.break('Unmount', faults.refuse)
    await expect(unmount(driver)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('not today'),
    })
    expect(await driver.path(data, call())).toBe(path)
    await unmount(driver)
    expect(count()).toBe(0)
  })

  it('of a volume that is gone is a success', async () => {
    const { plugin, driver, state } = await setting()
    await mount(driver)
    plugin.volumes.delete('data')
    await unmount(driver)
    expect(pairsIn(state)).toEqual([])
  })

  it.each([
    ['is not made after a restart of the host', 0, 0],
    ['is made after a restart of the host by a plugin that says that the volume is mounted', 1, 1],
  ])('%s', async (_, countAfter, unmounts) => {
    const { plugin, driver, state, reopen, count } = await setting()
    await mount(driver)
    for (const [key, value] of state.values) {
      if (key.startsWith('mount/')) state.values.set(key, { ...(value as object), boot: 'the one before' })
    }
    plugin.volumes.set('data', { options: null, count: countAfter })
    const again = await reopen()
    expect(await again.path(data, call())).toBeUndefined()
    await unmount(again)
    expect(plugin.ids('Unmount')).toHaveLength(unmounts)
    expect(count()).toBe(0)
    expect(pairsIn(state)).toEqual([])
  })
})

describe('what is stored of mounts', () => {
  it('is durable before the plugin is asked, and gone when all is undone', async () => {
    const { plugin, driver, state } = await setting()
    plugin.break('Mount', (seen, response) => {
      expect(pairsIn(state)).toMatchObject([{ phase: 'mounting', id: JSON.parse(seen.body).ID }])
      response.end(JSON.stringify(plugin.work(seen).answer))
    })
    await mount(driver)
    expect(pairsIn(state)).toMatchObject([{ phase: 'mounted', volume: 'data', reference: 'one' }])
    await unmount(driver)
    expect(pairsIn(state)).toEqual([])
  })

  it.each<[string, JsonValue]>([
    ['a text', 'junk'],
    ['a phase to come', { volume: 'v', reference: 'r', id: 'i', phase: 'dreaming', boot: 'b' }],
    ['a path that is none', { volume: 'v', reference: 'r', id: 'i', phase: 'mounted', boot: 'b', path: 7 }],
  ])('and cannot be read (%s) is told in the log, and keeps nothing from opening', async (_, value) => {
    const { socket } = await startPlugin()
    const state = freshState()
    state.values.set('mount/x', value)
    const errors: object[] = []
    const log = { ...call().log, error: (fields: object) => void errors.push(fields) }
    await openDriver(definitionOf(socket), state, log)
    expect(errors).toEqual([{ key: 'mount/x' }])
  })
})

function pairsIn(state: ReturnType<typeof freshState>): JsonValue[] {
  return [...state.values].filter(([key]) => key.startsWith('mount/')).map(([, value]) => value)
}

/** A state that nothing gets into any more once the process is said to have crashed. */
function cutShort(state: ReturnType<typeof freshState>): { now: boolean } {
  const crashed = { now: false }
  const { set } = state
  state.set = async (key, value) => {
    if (crashed.now) throw new Error('crash')
    await set(key, value)
  }
  return crashed
}

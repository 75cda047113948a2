import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode } from '@pouch/errors'
import { describe, expect, it } from 'vitest'
import { Plugin } from '../src/plugin.js'
import { parsePluginAddress } from '../src/plugin-address.js'
import { checkedTimeouts } from '../src/plugin-timeouts.js'
import { answer, FakePlugin, type Fault, faults } from './support/fake-plugin.js'
import {
  afterwards,
  call,
  definitionOf,
  freshDirectory,
  hasty,
  openDriver,
  reference,
  startPlugin,
  volume,
} from './support/setting.js'

/** What a call ends in when its answer is spoilt: the code, and words that tell why. */
const spoilt: readonly [string, Fault, string, string][] = [
  ['status 500 and plain text', faults.fail, 'internal', 'boom: the disk is on fire'],
  ['status 500 and an Err', faults.refuse, 'internal', 'not today'],
  ['status 200 and an Err', faults.refuseWith200, 'internal', 'not today'],
  ['status 404 and nothing', answer({}, 404), 'internal', '{}'],
  ['a redirection', faults.redirect, 'internal', 'status 302'],
  ['a web page', faults.garbage, 'internal', 'no JSON object'],
  ['a JSON array', faults.noObject, 'internal', 'no JSON object'],
  ['nothing', faults.empty, 'internal', 'no JSON object'],
  ['an endless answer', faults.flood, 'internal', 'more than 8388608 bytes'],
  ['silence', faults.hang, 'timeout', 'no answer within 200 ms'],
]

const brokenOff: readonly [string, Fault][] = [
  ['the connection closed', faults.hangUp],
  ['half of what was announced', faults.half],
  ['half an object', faults.halfChunk],
]

const quick = { ...hasty, createMs: 200, mountMs: 200, otherMs: 200 }
/** Only silence is cut short: on a busy machine an answer takes its time. */
const timingFor = (code: string) => (code === 'timeout' ? quick : hasty)

describe('a plugin that answers', () => {
  it.each(spoilt)('%s to a look-up', async (_, fault, code, why) => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket, timingFor(code)))
    plugin.break('List', fault)
    const failure = driver.inventory?.list(call())
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringContaining(why) })
    await expect(failure).rejects.toMatchObject({ message: expect.stringContaining(`plugin fake (unix://${socket})`) })
    expect(await driver.inventory?.list(call())).toEqual([])
  })

  it.each(brokenOff)('%s to a look-up', async (_, fault) => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    plugin.break('List', fault)
    await expect(driver.inventory?.list(call())).rejects.toMatchObject({ code: 'unavailable' })
    expect(await driver.inventory?.list(call())).toEqual([])
  })

  it.each(spoilt)('%s to a Create: the volume can be created afterwards', async (_, fault, code, why) => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket, timingFor(code)))
    plugin.break('Create', fault)
    const failure = driver.create(volume('data'), call())
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringContaining(why) })
    await driver.remove(volume('data'), call())
    expect(await driver.create(volume('data'), call())).toEqual({ state: { made: true } })
  })

  it.each(brokenOff)('%s to a Create: the outcome is unknown, and told so', async (_, fault) => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    plugin.break('Create', fault)
    await expect(driver.create(volume('data'), call())).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('whether it was done is unknown'),
    })
  })

  it('a mountpoint that is no absolute path: nothing stays mounted', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    await driver.create(volume('data'), call())
    for (const mountpoint of ['', 'data', null, 7]) {
      plugin.break('Mount', (seen, response) => {
        plugin.work(seen)
        response.end(JSON.stringify({ Mountpoint: mountpoint }))
      })
      const failure = driver.mounts?.mount(volume('data'), reference('one'), call())
      await expect(failure).rejects.toMatchObject({
        code: 'internal',
        message: expect.stringContaining('no absolute path'),
      })
      await driver.mounts?.unmount(volume('data'), reference('one'), undefined, call())
    }
    expect(plugin.volumes.get('data')?.count).toBe(0)
  })
})

describe('a plugin that cannot be reached', () => {
  it('does not keep the driver from opening, and is activated when it is there', async () => {
    const folder = freshDirectory()
    const socket = join(folder, 'fake.sock')
    const driver = await openDriver(definitionOf(socket))
    await expect(driver.create(volume('data'), call())).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('nobody answers there (ENOENT)'),
    })
    const plugin = new FakePlugin({ root: folder, scope: 'global' })
    await plugin.listen(socket)
    afterwards(() => plugin.die())
    await driver.create(volume('data'), call())
    expect(driver.traits.scope).toBe('global')
  })

  it('is waited for with pauses that double, until it is there', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket, { ...hasty, firstRetryMs: 40, retryMs: 5000 }))
    await plugin.die()
    const started = Date.now()
    setTimeout(() => {
      rmSync(socket, { force: true })
      void plugin.listen(socket)
    }, 150)
    await driver.create(volume('data'), call())
    // Tries at 0, 40, 120 and 280 ms; timers count from when their round of the event loop began.
    expect(Date.now() - started).toBeGreaterThanOrEqual(220)
    expect(Date.now() - started).toBeLessThan(2000)
  })

  it('holds up no listing and no check', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket, { ...hasty, firstRetryMs: 600, retryMs: 1000 }))
    await plugin.die()
    expect(await timed(driver.inventory?.list(call()))).toBeLessThan(500)
    const began = performance.now()
    expect(await driver.health?.check(call())).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('start the plugin'),
      details: { address: `unix://${socket}` },
    })
    expect(performance.now() - began).toBeLessThan(500)
  })

  it('is not healthy while it answers errors alone, and keeps its scope when it was global', async () => {
    const { plugin, socket } = await startPlugin({ scope: 'global' })
    const driver = await openDriver(definitionOf(socket))
    const facts = { address: `unix://${socket}` }
    expect(await driver.health?.check(call())).toEqual({ state: 'healthy', details: facts })
    // One that is activated anew is asked for its scope again, and here then fails to tell it.
    await plugin.die()
    await expect(driver.inventory?.list(call())).rejects.toMatchObject({ code: 'unavailable' })
    rmSync(socket, { force: true })
    await plugin.listen(socket)
    for (const method of ['Capabilities', 'Capabilities', 'List']) plugin.break(method, faults.fail)
    expect(await driver.health?.check(call())).toEqual({
      state: 'failed',
      message: expect.stringContaining('the disk is on fire'),
      details: facts,
    })
    expect(driver.traits.scope).toBe('global')
  })

  it('is healthy when it does not know what it can do, and has volumes of this host then', async () => {
    const { plugin, socket } = await startPlugin({ scope: 'global' })
    plugin.break('Capabilities', answer({}, 404))
    plugin.break('Capabilities', answer({}, 404))
    const driver = await openDriver(definitionOf(socket))
    expect(await driver.health?.check(call())).toMatchObject({ state: 'healthy' })
    expect([driver.traits.scope, plugin.calls.includes('List')]).toEqual(['local', false])
  })

  it('is waited for by a look-up too, when it was there a moment ago', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket, { ...hasty, firstRetryMs: 40, retryMs: 5000 }))
    await driver.create(volume('data'), call())
    await plugin.die()
    setTimeout(() => {
      rmSync(socket, { force: true })
      void plugin.listen(socket)
    }, 100)
    expect(await driver.inventory?.get('data', call())).toMatchObject({ name: 'data' })
  })

  it('is no longer waited for when the caller leaves', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket, { ...hasty, retryMs: 30_000 }))
    await plugin.die()
    const leaving = new AbortController()
    setTimeout(() => leaving.abort(), 50)
    const failure = driver.create(volume('data'), call(leaving.signal))
    await expect(failure).rejects.toMatchObject({ code: 'aborted', message: expect.stringContaining('was not sent') })
  })
})

describe('a plugin that is restarted', () => {
  it('is activated again, and its volumes are there', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket, { ...hasty, firstRetryMs: 20, retryMs: 1000 }))
    await driver.create(volume('data'), call())
    await driver.mounts?.mount(volume('data'), reference('one'), call())
    await plugin.die()
    rmSync(socket, { force: true })
    await plugin.listen(socket)
    plugin.seen.length = 0
    // The first call after it may have to find out; a look-up of the engine's is repeated by whoever asked.
    await driver.mounts?.mount(volume('data'), reference('two'), call())
    expect(plugin.calls).toEqual(['Mount'])
    await plugin.die()
    await expect(driver.inventory?.list(call())).rejects.toMatchObject({ code: 'unavailable' })
    rmSync(socket, { force: true })
    await plugin.listen(socket)
    plugin.seen.length = 0
    for (const one of ['one', 'two']) await driver.mounts?.unmount(volume('data'), reference(one), undefined, call())
    expect(plugin.calls).toEqual(['Plugin.Activate', 'Capabilities', 'Unmount', 'Unmount'])
    expect(plugin.volumes.get('data')?.count).toBe(0)
  })

  it('is activated once for many callers', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    await Promise.all(Array.from({ length: 20 }, (_, index) => driver.create(volume(`data-${index}`), call())))
    expect(plugin.calls.filter((method) => method === 'Plugin.Activate')).toHaveLength(1)
  })
})

describe('a caller that leaves', () => {
  it('ends the request, and knows that its outcome is unknown', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    await driver.create(volume('data'), call())
    const closed = new Promise((resolve) =>
      plugin.break('Mount', (_, __, connection) => connection.once('close', resolve)),
    )
    const leaving = new AbortController()
    const failure = driver.mounts?.mount(volume('data'), reference('one'), call(leaving.signal))
    setTimeout(() => leaving.abort(), 50)
    await expect(failure).rejects.toMatchObject({ code: 'aborted', message: expect.stringContaining('unknown') })
    await closed
  })

  it('at a deadline is told that it was one', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    plugin.break('List', faults.hang)
    await expect(driver.inventory?.list(call(AbortSignal.timeout(50)))).rejects.toSatisfy((error) =>
      hasCode(error, 'timeout'),
    )
  })
})

describe('a plugin whose activation hangs', () => {
  it('holds up nobody for longer than their own time, although the handshake goes on', async () => {
    const { plugin: fake, socket } = await startPlugin()
    fake.break('Plugin.Activate', faults.hang)
    const locate = async () => parsePluginAddress(socket, undefined)
    const plugin = new Plugin({ name: 'fake', locate, timeouts: checkedTimeouts({ otherMs: 60_000 }) })
    afterwards(() => plugin.close())
    const get = (timeoutMs: number, { signal }: AbortController) =>
      plugin.call({ method: 'VolumeDriver.Get', timeoutMs, signal }, () => 'got')
    const leaving = new AbortController()
    const patient = get(60_000, leaving)
    await expect(get(100, new AbortController())).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('did not answer its activation within 100 ms'),
      outcome: 'nothing',
    })
    leaving.abort()
    await expect(patient).rejects.toMatchObject({ code: 'aborted', message: expect.stringContaining('not ready yet') })
  })

  it('is activated anew by who comes later, and is then there for those who wait', async () => {
    const { plugin, socket } = await startPlugin()
    // Opening gives up after a second, so the calls after it make a handshake of their own.
    for (const _ of ['at open', 'early']) plugin.break('Plugin.Activate', faults.hang)
    const driver = await openDriver(definitionOf(socket, { ...hasty, otherMs: 60_000 }))
    const list = async () => await driver.inventory?.list(call())
    const early = [list(), list()]
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(await list()).toEqual([])
    expect(await Promise.all(early)).toEqual([[], []])
    expect(plugin.calls.filter((each) => each === 'Plugin.Activate')).toHaveLength(3)
  })
})

describe('a plugin that refuses to remove', () => {
  it('leaves the volume usable, and says why', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    await driver.create(volume('data'), call())
    plugin.break('Remove', faults.refuse)
    await expect(driver.remove(volume('data', { made: true }), call())).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/not today; the plugin keeps the volume as it was$/),
    })
    await driver.remove(volume('data', { made: true }), call())
  })

  it('has removed what it then does not have', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    await driver.create(volume('data'), call())
    await driver.remove(volume('data', { made: true }), call())
    plugin.seen.length = 0
    await driver.remove(volume('data', { made: true }), call())
    expect(plugin.calls).toEqual(['Remove', 'Get', 'List'])
  })
})

describe('undoing a create', () => {
  it('deletes nothing that the plugin had before', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    plugin.work({ path: '/VolumeDriver.Create', body: '{"Name":"data"}', headers: {} })
    plugin.break('Get', faults.hangUp)
    await expect(driver.create(volume('data'), call())).rejects.toMatchObject({ code: 'unavailable' })
    await driver.remove(volume('data'), call())
    expect(plugin.volumes.has('data')).toBe(true)
    // Somebody was faster than us.
    plugin.break('Get', answer({ Volume: null }))
    await expect(driver.create(volume('data'), call())).rejects.toMatchObject({ code: 'internal' })
    await driver.remove(volume('data'), call())
    expect(plugin.volumes.has('data')).toBe(true)
  })

  it('deletes what a Create without an answer made', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    plugin.break('Create', (seen, _, connection) => {
      plugin.work(seen)
      connection.destroy()
    })
    await expect(driver.create(volume('data'), call())).rejects.toMatchObject({ code: 'timeout' })
    expect(plugin.volumes.has('data')).toBe(true)
    await driver.remove(volume('data'), call())
    expect(plugin.volumes.has('data')).toBe(false)
  })
})

/** How many milliseconds it took to fail. */
async function timed(work: Promise<unknown> | undefined): Promise<number> {
  const started = performance.now()
  await expect(work).rejects.toMatchObject({ code: 'unavailable' })
  return performance.now() - started
}

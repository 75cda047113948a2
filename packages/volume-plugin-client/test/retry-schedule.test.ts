import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { memoryStore } from '@pouch/store'
import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import { describe, expect, it } from 'vitest'
import { dockerPlugin, type PluginTimeouts, pluginSource } from '../src/index.js'
import { afterwards, call, definitionOf, freshDirectory, openDriver, reference, volume } from './support/setting.js'

/** Docker's schedule, twenty times as fast: pauses of 50, 100, 200 and 400 ms, and none that would end after 1.5 s. */
const fast: PluginTimeouts = { firstRetryMs: 50, retryMs: 1500 }

/** A socket on which every connection is closed at once. */
class DeadEnd {
  readonly #server: Server
  #tries: number[] = []

  constructor() {
    this.#server = createServer((socket) => {
      this.#tries.push(performance.now())
      socket.on('error', () => undefined).destroy()
    })
  }

  async listen(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(path, resolve))
    afterwards(() => new Promise((resolve) => this.#server.close(resolve)))
  }

  /** The moments of the tries that `work` causes, from its begin on, and of its end: milliseconds. */
  async watch(work: () => Promise<unknown> | undefined): Promise<{ tries: number[]; end: number; error: unknown }> {
    this.#tries = []
    const began = performance.now()
    const error = await work()?.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    return { tries: this.#tries.map((at) => at - began), end: performance.now() - began, error }
  }
}

async function deadEnd(name = 'fake.sock') {
  const folder = freshDirectory()
  const plugin = new DeadEnd()
  await plugin.listen(join(folder, name))
  return { plugin, folder, socket: join(folder, name) }
}

/** Each comes when it is due, and on a busy machine not much later. */
function expectMoments(moments: readonly number[], due: readonly number[]): void {
  expect(moments.map((at, index) => at >= (due[index] ?? 0) - 50 && at <= (due[index] ?? 0) * 1.1 + 900)).toEqual(
    due.map(() => true),
  )
}

async function openEngine(directories: readonly string[]): Promise<VolumeEngine> {
  const home = freshDirectory()
  const engine = await createVolumeEngine({
    home,
    store: memoryStore(),
    drivers: [dockerPlugin({ name: 'other', address: join(home, 'other.sock') })],
    driverSources: [pluginSource({ directories })],
  })
  afterwards(() => engine.close())
  return engine
}

describe('a plugin that exists, and that nobody reaches', () => {
  it.each([
    ['Create', 'create'],
    ['Get', 'get'],
    ['Mount', 'mount'],
  ] as const)('is tried as dockerd does by %s, and again so by the next call', async (_, verb) => {
    const { plugin, socket } = await deadEnd()
    const driver = await openDriver(definitionOf(socket, fast))
    const calls = {
      create: () => driver.create(volume('data'), call()),
      get: () => driver.inventory?.get('data', call()),
      mount: () => driver.mounts?.mount(volume('data', { made: true }), reference('one'), call()),
    }
    for (const round of [1, 2]) {
      const { tries, end, error } = await plugin.watch(calls[verb])
      expect([round, tries.length, error]).toEqual([round, 5, expect.objectContaining({ code: 'unavailable' })])
      expectMoments([...tries, end], [0, 50, 150, 350, 750, 750])
    }
  })

  it('is tried within the time that there is, and the error says why it was not reached', async () => {
    const { plugin, socket } = await deadEnd()
    const driver = await openDriver(definitionOf(socket, fast))
    const { tries, end, error } = await plugin.watch(() =>
      driver.create(volume('data'), call(AbortSignal.timeout(250))),
    )
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('see whether the plugin died'),
    })
    expect(tries).toHaveLength(3)
    expectMoments([end], [250])
  })

  it('gets fifteen seconds of a create that names it, and one that does not exist gets none', async () => {
    const { plugin, folder } = await deadEnd('dead.sock')
    const { volumes } = await openEngine([folder])
    const began = performance.now()
    const nobody = volumes.create({ name: 'unknown', driver: 'nobody' })
    await expect(nobody).rejects.toMatchObject({ code: 'not-found' })
    expect(performance.now() - began).toBeLessThan(500)
    const { tries, end, error } = await plugin.watch(() => volumes.create({ name: 'data', driver: 'dead' }))
    expect(error).toMatchObject({ code: 'unavailable' })
    // Its first use opens it, which is a try of its own.
    expectMoments([...tries, end], [0, 0, 1000, 3000, 7000, 15_000, 15_000])
    expect(tries).toHaveLength(6)
  })
})

import { join } from 'node:path'
import { hasCode, PouchError } from '@pouch/errors'
import { packTree } from '@pouch/file-tree'
import { describe, expect, it } from 'vitest'
import type { VolumeEngine, VolumeManager } from '../../src/index.js'
import { CrashingProcess, CrashingStore, Disk } from '../support/crashing-process.js'
import { freshHome } from '../support/open-engine.js'
import { bytesOf, inEngine, onHost, openBoth, type Per, write } from './support.js'

interface Scene {
  readonly home: string
  readonly process: CrashingProcess
}

interface Operation {
  readonly title: string
  prepare(volumes: VolumeManager, home: string): Promise<unknown>
  run(volumes: VolumeManager, scene: Scene): Promise<unknown>
  /** What is on the host, when it was not done and when it was. */
  readonly before: readonly string[]
  readonly after: readonly string[]
  /** Facts that the content does not show: labels and sizes. */
  facts?(volumes: VolumeManager): Promise<unknown>
  readonly factsBefore?: unknown
  readonly factsAfter?: unknown
}

const one = async (volumes: VolumeManager, home: string) => {
  await volumes.create({ name: 'vol', labels: { is: 'old' } })
  write(home, 'local', 'vol', 'one')
}
const kept = async (volumes: VolumeManager, home: string) => {
  await one(volumes, home)
  await volumes.createSnapshot('vol', { name: 'snap' })
  write(home, 'local', 'vol', 'two')
}
const facts = async (volumes: VolumeManager) => {
  const { labels, sizeBytes } = await volumes.get('vol')
  return { labels, sizeBytes }
}

const operations: readonly Operation[] = [
  {
    title: 'snapshot',
    prepare: one,
    run: (volumes) => volumes.createSnapshot('vol', { name: 'snap' }),
    before: ['local/vol=one'],
    after: ['local/vol=one', 'local/vol@snap'],
  },
  {
    title: 'remove a snapshot',
    prepare: kept,
    run: (volumes) => volumes.removeSnapshot('vol', 'snap'),
    before: ['local/vol=two', 'local/vol@snap'],
    after: ['local/vol=two'],
  },
  {
    title: 'restore',
    prepare: kept,
    run: (volumes) => volumes.restoreSnapshot('vol', 'snap'),
    before: ['local/vol=two', 'local/vol@snap'],
    after: ['local/vol=one', 'local/vol@snap'],
  },
  {
    title: 'resize',
    prepare: one,
    run: (volumes) => volumes.update('vol', { sizeBytes: 2 ** 30 }),
    before: ['local/vol=one'],
    after: ['local/vol=one'],
    facts,
    factsBefore: { labels: { is: 'old' }, sizeBytes: undefined },
    factsAfter: { labels: { is: 'old' }, sizeBytes: 2 ** 30 },
  },
  {
    title: 'label',
    prepare: one,
    run: (volumes) => volumes.update('vol', { labels: { is: null, was: 'old' } }),
    before: ['local/vol=one'],
    after: ['local/vol=one'],
    facts,
    factsBefore: { labels: { is: 'old' }, sizeBytes: undefined },
    factsAfter: { labels: { was: 'old' }, sizeBytes: undefined },
  },
  {
    title: 'rename',
    prepare: kept,
    run: (volumes) => volumes.rename('vol', 'new'),
    before: ['local/vol=two', 'local/vol@snap'],
    after: ['local/new=two', 'local/new@snap'],
  },
  {
    title: 'clone',
    prepare: kept,
    run: (volumes) => volumes.create({ name: 'copy', from: { volume: 'vol' } }),
    before: ['local/vol=two', 'local/vol@snap'],
    after: ['local/copy=two', 'local/vol=two', 'local/vol@snap'],
  },
  {
    title: 'clone a snapshot',
    prepare: kept,
    run: (volumes) => volumes.create({ name: 'copy', from: { volume: 'vol', snapshot: 'snap' } }),
    before: ['local/vol=two', 'local/vol@snap'],
    after: ['local/copy=one', 'local/vol=two', 'local/vol@snap'],
  },
  {
    title: 'export',
    prepare: one,
    run: async (volumes) => await bytesOf(await volumes.export('vol')),
    before: ['local/vol=one'],
    after: ['local/vol=one'],
  },
  {
    title: 'import',
    prepare: one,
    run: (volumes, { home, process }) => volumes.import({ name: 'copy' }, stepping(packed(home), process)),
    before: ['local/vol=one'],
    after: ['local/copy=one', 'local/vol=one'],
  },
  {
    title: 'migrate to another driver',
    prepare: one,
    run: (volumes) => volumes.migrate('vol', { driver: 'other' }),
    before: ['local/vol=one'],
    after: ['other/vol=one'],
  },
  {
    title: 'migrate to other options',
    prepare: one,
    run: (volumes) => volumes.migrate('vol', { driver: 'local', options: { note: 'moved' } }),
    before: ['local/vol=one'],
    after: ['local/vol=one'],
    facts: async (volumes) => (await volumes.get('vol')).options,
    factsBefore: {},
    factsAfter: { note: 'moved' },
  },
]

/** How volumes are mounted is of account where the engine mounts them itself. */
const mounting = operations.filter(({ title }) => /port|migrate/.test(title))
const variants = [
  ['without mounts', undefined, operations],
  ['mounted per volume', 'volume', mounting],
  ['mounted per reference', 'reference', mounting],
] as const

describe.each(variants)('a process that dies, %s,', (_, per, concerned) => {
  it.each(concerned)(
    'at every step of $title, has done it or has not, and leaves nothing behind',
    async (operation) => {
      let isDone = false
      let dieAt = 1
      for (; !isDone; dieAt += 1) isDone = await crashAt(operation, per, dieAt)
      expect(dieAt).toBeGreaterThan(2)
    },
  )
})

describe.each(variants.filter(([, per]) => per !== 'volume'))(
  'a store or a driver that fails once, %s,',
  (_, per, concerned) => {
    it.each(concerned)('at any step of $title, leaves it done or not done, and nothing behind', async (operation) => {
      let isThrough = false
      for (let failAt = 1; !isThrough; failAt += 1) isThrough = await failingAt(operation, per, failAt)
    })
  },
)

/** @returns whether the operation ended before it came to the step that fails */
async function failingAt(operation: Operation, per: Per, failAt: number): Promise<boolean> {
  const home = freshHome()
  const disk = new Disk()
  await prepared(operation, per, home, disk)
  const process = new FailingProcess(failAt)
  const engine = await openBoth(home, new CrashingStore(disk, process), per, () => process.step())
  process.isArmed = true
  const isDone = await operation.run(engine.volumes, { home, process }).then(
    () => true,
    () => false,
  )
  const isThrough = process.isArmed
  process.isArmed = false
  // Whatever is unfinished is finished by the next operation on the volume.
  for (const { name } of (await engine.volumes.list()).volumes) {
    // A volume that was to be filled is gone then.
    const reference = await engine.volumes.attach(name, { holder: 'next' }).catch(unlessGone)
    if (reference !== undefined) await engine.volumes.detach(name, reference.id)
  }
  await check(operation, engine, home, isDone, `step ${failAt}`)
  await engine.close()
  const next = await openBoth(home, new CrashingStore(disk, new CrashingProcess()), per)
  await check(operation, next, home, isDone, `step ${failAt}, reopened`)
  await next.close()
  return isThrough
}

function unlessGone(error: unknown): undefined {
  if (!hasCode(error, 'not-found')) throw error
}

/** Fails at one step, once, and is well again. */
class FailingProcess extends CrashingProcess {
  isArmed = false
  readonly #failAt: number
  #taken = 0

  constructor(failAt: number) {
    super()
    this.#failAt = failAt
  }

  override async step(): Promise<void> {
    if (!this.isArmed) return
    this.#taken += 1
    if (this.#taken < this.#failAt) return
    this.isArmed = false
    throw new PouchError('internal', 'it fails once')
  }
}

/** @returns whether the operation was acknowledged */
async function crashAt(operation: Operation, per: Per, dieAt: number): Promise<boolean> {
  const home = freshHome()
  const disk = new Disk()
  await prepared(operation, per, home, disk)
  const process = new CrashingProcess(dieAt)
  const second = await openBoth(home, new CrashingStore(disk, process), per, () => process.step())
  const running = operation.run(second.volumes, { home, process }).then(() => 'done')
  const result = await Promise.race([running, process.died])
  process.kill()
  const store = new CrashingStore(disk, new CrashingProcess())
  const third = await openBoth(home, store, per)
  await check(operation, third, home, result === 'done', `step ${dieAt}`)
  await third.close()
  return result === 'done'
}

/** What the engine tells is what is on the host, and it is what was before, or what is to be after. */
async function check(operation: Operation, engine: VolumeEngine, home: string, isDone: boolean, at: string) {
  const { told, odd } = await inEngine(home, engine)
  expect({ at, odd }).toEqual({ at, odd: [] })
  expect({ at, host: onHost(home) }).toEqual({ at, host: told.sort() })
  const found = { content: told, facts: await operation.facts?.(engine.volumes).catch(String) }
  const allowed = [{ content: operation.after, facts: operation.factsAfter }]
  if (!isDone) allowed.push({ content: operation.before, facts: operation.factsBefore })
  expect(allowed, at).toContainEqual(found)
}

async function prepared({ prepare }: Operation, per: Per, home: string, disk: Disk): Promise<void> {
  const store = new CrashingStore(disk, new CrashingProcess())
  const engine = await openBoth(home, store, per)
  await prepare(engine.volumes, home)
  await engine.close()
  await store.close()
}

const packed = (home: string) => packTree(join(home, 'local', 'vol'))

async function* stepping(source: AsyncIterable<Uint8Array>, process: CrashingProcess): AsyncIterable<Uint8Array> {
  for await (const chunk of source) {
    await process.step()
    yield chunk
  }
}

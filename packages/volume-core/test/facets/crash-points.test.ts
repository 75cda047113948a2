import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packTree } from '@pouch/file-tree'
import { afterEach, describe, expect, it } from 'vitest'
import type { VolumeManager } from '../../src/index.js'
import { CrashingProcess, CrashingStore, Disk } from '../support/crashing-process.js'
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

let homes: string[] = []
afterEach(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true })
  homes = []
})

describe.each([
  ['without mounts', undefined],
  ['mounted per volume', 'volume'],
  ['mounted per reference', 'reference'],
] as const)('a process that dies, %s,', (_, per) => {
  it.each(operations)(
    'at every step of $title, has done it or has not, and leaves nothing behind',
    async (operation) => {
      let isDone = false
      let dieAt = 1
      for (; !isDone; dieAt += 1) isDone = await crashAt(operation, per, dieAt)
      expect(dieAt).toBeGreaterThan(2)
    },
  )
})

/** @returns whether the operation was acknowledged */
async function crashAt(operation: Operation, per: Per, dieAt: number): Promise<boolean> {
  const home = mkdtempSync(join(tmpdir(), 'pouch-volume-core-'))
  homes.push(home)
  const disk = new Disk()
  await prepared(operation, per, home, disk)
  const process = new CrashingProcess(dieAt)
  const second = await openBoth(home, new CrashingStore(disk, process), per, () => process.step())
  const running = operation.run(second.volumes, { home, process }).then(() => 'done')
  const result = await Promise.race([running, process.died])
  process.kill()
  const store = new CrashingStore(disk, new CrashingProcess())
  const third = await openBoth(home, store, per)
  const { told, odd } = await inEngine(home, third)
  expect({ step: dieAt, odd }).toEqual({ step: dieAt, odd: [] })
  expect({ step: dieAt, host: onHost(home) }).toEqual({ step: dieAt, host: told.sort() })
  const found = { content: told, facts: await operation.facts?.(third.volumes).catch(String) }
  const allowed = [{ content: operation.after, facts: operation.factsAfter }]
  if (result !== 'done') allowed.push({ content: operation.before, facts: operation.factsBefore })
  expect(allowed, `step ${dieAt}`).toContainEqual(found)
  await third.close()
  return result === 'done'
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

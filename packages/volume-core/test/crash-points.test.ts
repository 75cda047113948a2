import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createVolumeEngine, type VolumeEngine, type VolumeManager } from '../src/index.js'
import { CrashingProcess, CrashingStore, crashingDriver, Disk, Host } from './support/crashing-process.js'

type Per = undefined | 'volume' | 'reference'
type Found = 'absent' | Record<string, string>

interface Operation {
  readonly title: string
  /** Brings a new engine to the state in which the operation begins. */
  prepare(volumes: VolumeManager): Promise<unknown>
  run(volumes: VolumeManager): Promise<unknown>
  readonly before: Found
  readonly after: Found
  /** How often the operation waits for the disk: with a driver that mounts, and with one that does not. */
  readonly syncs: readonly [mounting: number, plain: number]
}

const request = { holder: 'owner', id: 'ref' }
const other = { holder: 'other', id: 'other' }
const nothing = async () => undefined
const create = (volumes: VolumeManager) => volumes.create({ name: 'vol' })
const reserve = (volumes: VolumeManager) => create(volumes).then(() => volumes.reserve('vol', request))
const attach = (volumes: VolumeManager) => create(volumes).then(() => volumes.attach('vol', request))
const attachBoth = (volumes: VolumeManager) => attach(volumes).then(() => volumes.attach('vol', other))

const operations: readonly Operation[] = [
  { title: 'create', prepare: nothing, run: create, before: 'absent', after: {}, syncs: [1, 1] },
  {
    title: 'remove',
    prepare: create,
    run: (volumes) => volumes.remove('vol'),
    before: {},
    after: 'absent',
    syncs: [1, 1],
  },
  {
    title: 'reserve',
    prepare: create,
    run: (volumes) => volumes.reserve('vol', request),
    before: {},
    after: { ref: 'reserved' },
    syncs: [1, 1],
  },
  {
    title: 'release',
    prepare: reserve,
    run: (volumes) => volumes.release('vol', 'ref'),
    before: { ref: 'reserved' },
    after: {},
    syncs: [1, 1],
  },
  {
    title: 'mount',
    prepare: reserve,
    run: (volumes) => volumes.mount('vol', 'ref'),
    before: { ref: 'reserved' },
    after: { ref: 'mounted' },
    syncs: [2, 1],
  },
  {
    title: 'unmount',
    prepare: attach,
    run: (volumes) => volumes.unmount('vol', 'ref'),
    before: { ref: 'mounted' },
    after: { ref: 'reserved' },
    syncs: [1, 1],
  },
  {
    title: 'attach',
    prepare: create,
    run: (volumes) => volumes.attach('vol', request),
    before: {},
    after: { ref: 'mounted' },
    syncs: [2, 1],
  },
  {
    title: 'detach',
    prepare: attach,
    run: (volumes) => volumes.detach('vol', 'ref'),
    before: { ref: 'mounted' },
    after: {},
    syncs: [1, 1],
  },
  {
    title: 'detach one of two',
    prepare: attachBoth,
    run: (volumes) => volumes.detach('vol', 'ref'),
    before: { ref: 'mounted', other: 'mounted' },
    after: { other: 'mounted' },
    syncs: [1, 1],
  },
]

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'pouch-volume-core-'))
})
afterAll(() => rm(home, { recursive: true }))

describe.each([
  ['without mounts', undefined],
  ['mounted per volume', 'volume'],
  ['mounted per reference', 'reference'],
] as const)('a process that dies, %s,', (_, per) => {
  describe.each(operations)('at every step of $title', (operation) => {
    it('has done it or has not, and has done it when it said so', async () => {
      let isDone = false
      for (let dieAt = 1; !isDone; dieAt += 1) {
        const { found, acknowledged } = await crashAt(operation, per, dieAt)
        const allowed = acknowledged ? [operation.after] : [operation.before, operation.after]
        expect(
          allowed.map((state) => comparable(state, per)),
          `step ${dieAt}`,
        ).toContainEqual(comparable(found, per))
        isDone = acknowledged
      }
    })

    it('waits for the disk no more often than it must', async () => {
      const disk = new Disk()
      const engine = await open(disk, new Host(), new CrashingProcess(), per)
      await operation.prepare(engine.volumes)
      const before = disk.syncs
      await operation.run(engine.volumes)
      expect(disk.syncs - before).toBe(syncsOf(operation, per))
    })
  })
})

/** With `per: 'volume'` the last of two references is not the one that unmounts: one write either way. */
const syncsOf = (operation: Operation, per: Per) => operation.syncs[per === undefined ? 1 : 0]

/** Runs an operation in a process that dies at its nth step, or right after it has answered, and looks with the next process. */
async function crashAt(operation: Operation, per: Per, dieAt: number) {
  const disk = new Disk()
  const host = new Host()
  const first = await open(disk, host, new CrashingProcess(), per)
  await operation.prepare(first.volumes)
  await first.close()
  const process = new CrashingProcess(dieAt)
  const second = await open(disk, host, process, per)
  const result = await Promise.race([operation.run(second.volumes).then(() => 'done'), process.died])
  process.kill()
  const third = await open(disk, host, new CrashingProcess(), per)
  const { volumes, warnings } = await third.volumes.list()
  expect(warnings).toEqual([])
  expect([...host.volumes]).toEqual(volumes.map(({ name }) => name))
  expect([...host.halves]).toEqual([])
  const references = volumes.flatMap((volume) => volume.references)
  const isMounted = references.some(({ state }) => state === 'mounted')
  expect(host.mounts.has('vol')).toBe(per !== undefined && isMounted)
  const found: Found =
    volumes.length === 0 ? 'absent' : Object.fromEntries(references.map(({ id, state }) => [id, state]))
  return { found, acknowledged: result === 'done' }
}

async function open(disk: Disk, host: Host, process: CrashingProcess, per: Per): Promise<VolumeEngine> {
  const store = new CrashingStore(disk, process)
  const engine = await createVolumeEngine({
    home,
    store,
    drivers: [crashingDriver(host, process, per, [])],
    hostName: 'here',
  })
  return Object.freeze({ ...engine, close: () => engine.close().then(() => store.close()) })
}

/** Without mounts the difference between reserved and mounted is a mark that a crash may take. */
const comparable = (state: Found, per: Per) =>
  state === 'absent' || per !== undefined ? state : Object.keys(state).sort()

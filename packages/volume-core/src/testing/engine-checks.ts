import assert from 'node:assert/strict'
import { hasCode } from '@pouch/errors'
import { type MetadataStore, memoryStore } from '@pouch/store'
import type { FacetName } from '../driver.js'
import { createVolumeEngine, type VolumeEngine } from '../volume-engine.js'
import { assertNothingLeft, hostState } from './leftovers.js'
import { type DriverSuiteOptions, heldFacets, type SuiteSubject } from './suite-options.js'
import { assertEmpty, assertText, writeText } from './volume-files.js'

/** One test of the driver under an engine. */
export interface EngineCheck {
  readonly title: string
  /** The facets that it is about. */
  readonly needs?: readonly FacetName[]
  run(stage: EngineStage): Promise<void>
}

/** An engine with the driver under test alone, over a store that outlives it. */
export class EngineStage {
  readonly options: Readonly<Record<string, string>>
  /** The facets that the volumes have. */
  readonly held: readonly FacetName[]
  readonly resizeBytes: number | undefined
  readonly #subject: SuiteSubject
  #store: MetadataStore
  #engine: VolumeEngine

  private constructor(subject: SuiteSubject, options: DriverSuiteOptions, store: MetadataStore, engine: VolumeEngine) {
    this.#subject = subject
    this.options = options.volumeOptions ?? {}
    this.held = heldFacets(options)
    this.resizeBytes = options.resizeBytes
    this.#store = store
    this.#engine = engine
  }

  get engine(): VolumeEngine {
    return this.#engine
  }

  get isDurable(): boolean {
    return this.#engine.drivers()[0]?.traits?.durable === true
  }

  async restart(): Promise<void> {
    await this.#engine.close()
    this.#engine = await engineOf(this.#subject, this.#store)
  }

  /**
   * As {@link restart}, with a store that is new: what is known of volumes now, the backend has told.
   *
   * @returns goes back to the store before
   */
  async forget(): Promise<() => Promise<void>> {
    const before = this.#store
    this.#store = memoryStore()
    await this.restart()
    return async () => {
      this.#store = before
      await this.restart()
    }
  }

  /** Runs a check on a fresh subject, and asserts that nothing is left of it. */
  static async run(check: EngineCheck, options: DriverSuiteOptions): Promise<void> {
    const subject = await options.open()
    try {
      const store = memoryStore()
      const stage = new EngineStage(subject, options, store, await engineOf(subject, store))
      try {
        const before = await hostState(subject.home)
        await check.run(stage)
        await stage.engine.close()
        await assertNothingLeft(subject, before, new Set(['vol', 'other']))
      } finally {
        await clear(stage.engine)
      }
    } finally {
      await subject.dispose()
    }
  }
}

/** What holds with the engine around the driver. */
export const engineChecks: readonly EngineCheck[] = [
  { title: 'opens, and is shown with its facets', run: showDriver },
  { title: 'lives through create, attach, detach and remove, each of them twice', run: wholeLife },
  { title: 'makes one volume of many creates at a time, and counts many references', run: manyCallers },
  { title: 'has its volumes, its references and its mounts after a restart of the engine', run: restart },
  {
    title: 'leaves nothing of a create that was aborted',
    run: async ({ engine, options }) => {
      const request = { name: 'vol', options }
      await assert.rejects(engine.volumes.create(request, { signal: AbortSignal.abort() }), isCode('aborted'))
      assert.equal(await engine.volumes.find('vol'), undefined)
    },
  },
  {
    title: 'refuses an option that its table does not have',
    run: async ({ engine, options }) => {
      if (engine.drivers()[0]?.options === 'passthrough') return
      const request = { name: 'vol', options: { ...options, 'no-such-option': '1' } }
      await assert.rejects(engine.volumes.create(request), isCode('invalid-argument'))
      assert.equal(await engine.volumes.find('vol'), undefined)
    },
  },
]

async function showDriver({ engine }: EngineStage): Promise<void> {
  const [info] = engine.drivers()
  assert.equal(info?.state, 'open', `the engine cannot open the driver: ${info?.error?.message}`)
  assert.ok(info.traits !== undefined)
}

async function wholeLife({ engine: { volumes }, options }: EngineStage): Promise<void> {
  const made = await volumes.create({ name: 'vol', options, labels: { tier: 'test' } })
  const again = await volumes.create({ name: 'vol', options })
  assert.equal(again.createdAt, made.createdAt, 'the second create made another volume')
  const held = await volumes.attach('vol', { holder: 'tester', id: 'ref' })
  await writeText(held.path ?? '', 'engine')
  const same = await volumes.attach('vol', { holder: 'tester', id: 'ref' })
  assert.equal(same.path, held.path)
  assert.equal((await volumes.get('vol')).references.length, 1)
  await assert.rejects(volumes.remove('vol'), isCode('in-use'))
  await assertText(held.path ?? '', 'engine')
  await volumes.detach('vol', 'ref')
  await volumes.detach('vol', 'ref')
  await volumes.remove('vol')
  await assert.rejects(volumes.remove('vol'), isCode('not-found'))
  assert.deepEqual((await volumes.list()).volumes, [])
}

async function manyCallers({ engine: { volumes, events }, options }: EngineStage): Promise<void> {
  let created = 0
  events.on('volume.created', () => {
    created += 1
  })
  const holders = Array.from({ length: 8 }, (_, index) => `holder-${index}`)
  await Promise.all(holders.map(() => volumes.create({ name: 'vol', options })))
  assert.equal(created, 1, 'a volume was created more than once')
  const held = await Promise.all(holders.map((holder) => volumes.attach('vol', { holder })))
  await writeText(held[0]?.path ?? '', 'seen by all')
  for (const { path } of held) await assertText(path ?? '', 'seen by all')
  await Promise.all(held.slice(1).map(({ id }) => volumes.detach('vol', id)))
  await assertText(held[0]?.path ?? '', 'seen by all')
  await volumes.detach('vol', held[0]?.id ?? '')
  assert.deepEqual((await volumes.get('vol')).references, [])
  await Promise.all([volumes.remove('vol'), volumes.create({ name: 'other', options })])
  await volumes.remove('other')
}

async function restart(stage: EngineStage): Promise<void> {
  const { options } = stage
  await stage.engine.volumes.create({ name: 'vol', options, labels: { tier: 'test' } })
  await stage.engine.volumes.create({ name: 'other', options })
  const held = await stage.engine.volumes.attach('vol', { holder: 'tester', id: 'ref' })
  await writeText(held.path ?? '', 'before')
  await stage.restart()
  const { volumes } = stage.engine
  const { volumes: listed, warnings } = await volumes.list()
  assert.deepEqual(
    listed.map(({ name }) => name),
    ['other', 'vol'],
  )
  assert.deepEqual(warnings, [])
  assert.deepEqual((await volumes.get('vol')).references, [held])
  await assertText(held.path ?? '', 'before')
  await volumes.detach('vol', 'ref')
  const again = await volumes.attach('other', { holder: 'tester' })
  await assertEmpty(again.path ?? '')
  await volumes.detach('other', again.id)
  await volumes.remove('vol')
  await volumes.remove('other')
}

async function engineOf({ definition, home }: SuiteSubject, store: MetadataStore): Promise<VolumeEngine> {
  const { name } = definition
  return await createVolumeEngine({ home, store, drivers: [definition], defaultDriver: name, timeoutMs: 20_000 })
}

/** After a failed test: what it left would hold its home. The failure that matters has been thrown already. */
async function clear(engine: VolumeEngine): Promise<void> {
  try {
    for (const { volume, reference } of await engine.volumes.references())
      await engine.volumes.detach(volume, reference.id)
    for (const { name } of (await engine.volumes.list()).volumes) {
      for (const snapshot of await engine.volumes.snapshots(name)) {
        await engine.volumes.removeSnapshot(name, snapshot.name)
      }
      await engine.volumes.remove(name)
    }
    await engine.close()
  } catch (error) {
    if (!hasCode(error, 'unavailable'))
      process.emitWarning(`a driver under test could not be cleared: ${String(error)}`)
  }
}

const isCode = (code: Parameters<typeof hasCode>[1]) => (error: unknown) => {
  assert.ok(hasCode(error, code), `expected ${code}, not ${String(error)}`)
  return true
}

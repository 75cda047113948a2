import assert from 'node:assert/strict'
import { type Driver, driverContract, facetNames } from '../driver.js'
import { facetsOf } from '../driver-table.js'
import { missingOperations } from '../facet-operations.js'
import { checkOptionTable } from '../options.js'
import type { DriverCheck } from './check.js'
import type { DriverSubject } from './driver-subject.js'
import { assertEmpty, assertText, writeText } from './volume-files.js'

/** Legal names that have been somebody's undoing: hidden folders of ours, device names, the longest, told apart by their ends. */
const oddNames = [
  'a0',
  '0.',
  'a..b',
  'A-b_C.d',
  'data._data',
  'metadata.db',
  'volume',
  'con',
  'lock-',
  'x.tmp',
  'f'.repeat(64),
  `n${'m'.repeat(253)}1`,
  `n${'m'.repeat(253)}2`,
]

const accessModes: readonly string[] = ['single-node-writer', 'multi-node-reader', 'multi-node-writer']

/** What every driver does. */
export const basicChecks: readonly DriverCheck[] = [
  {
    title: 'tells who it is, and which options its volumes take',
    run: async ({ subject: { definition }, driver }) => {
      assert.match(definition.name, /^[a-z0-9][a-z0-9-]*$/)
      assert.ok(definition.contract >= 1 && definition.contract <= driverContract, 'the contract is one that there is')
      if (definition.options !== 'passthrough') checkOptionTable(definition.name, definition.options)
      assert.equal(driver.name, definition.name)
      assertTraits(driver)
    },
  },
  {
    title: 'has the facets that it is said to have, whole, and no others',
    run: async ({ driver }, { expects }) => {
      assert.deepEqual(
        facetsOf(driver),
        facetNames.filter((facet) => expects.includes(facet)),
      )
      for (const facet of facetsOf(driver)) {
        assert.deepEqual(missingOperations(driver, facet), [], `the facet ${facet} is not whole, which lacks`)
      }
      const { mounts } = driver
      if (mounts === undefined) return
      assert.ok(mounts.per === 'volume' || mounts.per === 'reference', "mounts.per is 'volume' or 'reference'")
    },
  },
  { title: 'creates a volume, and leaves it as it is when create is repeated', run: repeatCreate },
  { title: 'answers a state that survives JSON, and a size in whole bytes', run: plainAnswers },
  { title: 'removes a volume with its data, also twice, also one that never was', run: repeatRemove },
  {
    title: 'makes an empty volume of a name that was in use before',
    run: async (subject) => {
      await subject.create('again')
      await subject.use('again', (path) => writeText(path, 'old'))
      await subject.remove('again')
      await subject.create('again')
      await subject.use('again', assertEmpty)
    },
  },
  {
    title: 'takes every name that the engine lets through',
    run: async (subject) => {
      for (const name of oddNames) await subject.create(name)
      if (subject.isDurable) {
        for (const name of oddNames) await subject.use(name, (path) => writeText(path, name))
        for (const name of oddNames) await subject.use(name, (path) => assertText(path, name))
      } else {
        for (const name of oddNames) await subject.use(name, assertEmpty)
      }
      for (const name of oddNames) await subject.remove(name)
    },
  },
  { title: 'keeps volumes apart whose names begin alike', run: keepApart },
  {
    title: 'works on many volumes at a time',
    run: async (subject) => {
      const names = Array.from({ length: 16 }, (_, index) => `many-${index}`)
      await Promise.all(names.map((name) => subject.create(name)))
      await Promise.all(names.map((name) => subject.use(name, (path) => writeText(path, name))))
      await Promise.all(names.map((name) => subject.remove(name)))
    },
  },
  {
    title: 'rejects a create whose signal has fired, and makes nothing',
    run: async (subject) => {
      await assert.rejects(subject.create('aborted', AbortSignal.abort()), 'create took no notice of its signal')
      if (!subject.isToBeMounted('aborted')) assert.equal(await subject.path('aborted'), undefined)
      await subject.create('aborted')
      await subject.use('aborted', assertEmpty)
    },
  },
  { title: 'finds its volumes again after it was closed', run: findAgain },
  { title: 'says so when a volume cannot be made, and makes it when it can', run: tellFailure },
]

async function repeatCreate(subject: DriverSubject): Promise<void> {
  await subject.create('vol')
  if (!subject.isToBeMounted('vol')) {
    await subject.use('vol', (path) => writeText(path, 'kept'))
    await subject.create('vol')
    await subject.use('vol', (path) => assertText(path, 'kept'))
    return
  }
  const path = await subject.mount('vol')
  await writeText(path, 'kept')
  await subject.create('vol')
  await assertText(path, 'kept')
  await subject.unmount('vol')
  await subject.create('vol')
  if (subject.isDurable) await subject.use('vol', (again) => assertText(again, 'kept'))
}

async function plainAnswers(subject: DriverSubject): Promise<void> {
  const first = await subject.create('vol')
  const second = await subject.create('vol')
  for (const answer of [first, second]) {
    const state = answer?.state
    if (state !== undefined)
      assert.deepEqual(JSON.parse(JSON.stringify(state)), state, 'the state does not survive JSON')
    const size = answer?.sizeBytes
    assert.ok(size === undefined || (Number.isSafeInteger(size) && size >= 0), `a size of ${size} bytes`)
  }
}

async function repeatRemove(subject: DriverSubject): Promise<void> {
  await subject.create('vol')
  const path = await subject.use('vol', async (used) => {
    await writeText(used, 'gone soon')
    return used
  })
  await subject.remove('vol')
  if (!subject.isToBeMounted('vol')) await assert.rejects(assertText(path, 'gone soon'), 'the data is still there')
  assert.equal(await subject.path('vol'), undefined, 'a volume that was removed is not found')
  await subject.remove('vol')
  await subject.remove('never-was')
}

async function keepApart(subject: DriverSubject): Promise<void> {
  const [kept, ...others] = ['near', 'near.', 'near-2', 'nea', 'Near'] as const
  await subject.create(kept)
  for (const name of others) await subject.create(name)
  const path = subject.isToBeMounted(kept) ? await subject.mount(kept) : await subject.path(kept)
  assert.ok(path !== undefined, 'path does not tell where the volume is')
  await writeText(path, 'mine')
  for (const name of others) await subject.use(name, assertEmpty)
  for (const name of others) await subject.remove(name)
  await assertText(path, 'mine')
  if (subject.isToBeMounted(kept)) await subject.unmount(kept)
}

async function findAgain(subject: DriverSubject): Promise<void> {
  await subject.create('lasting')
  await subject.use('lasting', (path) => writeText(path, 'still here'))
  await subject.reopen()
  if (subject.isDurable) await subject.use('lasting', (path) => assertText(path, 'still here'))
  else await subject.use('lasting', assertEmpty)
  await subject.remove('lasting')
}

async function tellFailure(driver: DriverSubject): Promise<void> {
  const { subject } = driver
  if (subject.obstruct === undefined) return
  const clear = await subject.obstruct('blocked')
  await assert.rejects(driver.create('blocked'), 'create did not say that it could not')
  await clear()
  await driver.create('blocked')
  await driver.use('blocked', assertEmpty)
}

function assertTraits({ traits }: Driver): void {
  assert.ok(traits.scope === 'local' || traits.scope === 'global', `a scope of ${traits.scope}`)
  assert.equal(typeof traits.durable, 'boolean')
  assert.ok(traits.accessModes.length > 0, 'at least one access mode')
  for (const mode of traits.accessModes) assert.ok(accessModes.includes(mode), `an access mode of ${mode}`)
}

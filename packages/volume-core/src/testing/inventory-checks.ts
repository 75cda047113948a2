import assert from 'node:assert/strict'
import type { FoundVolume } from '../driver.js'
import type { DriverCheck } from './check.js'
import type { DriverSubject } from './driver-subject.js'
import { assertCount, assertJson } from './refusals.js'
import { assertUsable } from './volume-files.js'

/** What a driver with the facet `inventory` does beside. */
export const inventoryChecks: readonly DriverCheck[] = [
  { title: 'inventory: finds a volume from its create to its remove', run: fromCreateToRemove },
  { title: 'inventory: has each volume once, under the very name it was given', run: exactNames },
  {
    title: 'inventory: finds its volumes when it was closed and opened',
    run: async (subject) => {
      await subject.create('vol')
      await subject.reopen()
      assert.deepEqual(await namesOf(subject), ['vol'])
      assert.equal((await subject.facets.find('vol'))?.name, 'vol')
    },
  },
  { title: 'inventory: tells facts of the right kinds', run: rightKinds },
]

async function fromCreateToRemove(subject: DriverSubject): Promise<void> {
  assert.equal(await subject.facets.find('vol'), undefined, 'get finds a volume that was never made')
  assert.deepEqual(await namesOf(subject), [], 'list has volumes that were never made')
  await subject.create('vol')
  assert.equal((await subject.facets.find('vol'))?.name, 'vol', 'get does not find a volume that was made')
  assert.deepEqual(await namesOf(subject), ['vol'], 'list does not have the one volume that was made')
  await subject.use('vol', async () => {
    assert.equal((await subject.facets.find('vol'))?.name, 'vol', 'get does not find a volume that is in use')
  })
  await subject.remove('vol')
  assert.equal(await subject.facets.find('vol'), undefined, 'get finds a volume that was removed')
  assert.deepEqual(await namesOf(subject), [], 'list has a volume that was removed')
}

async function exactNames(subject: DriverSubject): Promise<void> {
  const names = ['Near', 'n.e-a_r', 'near', 'near.tmp', `n${'m'.repeat(253)}1`]
  for (const name of names) {
    await subject.create(name)
    await subject.create(name)
  }
  assert.deepEqual(await namesOf(subject), [...names].sort(), 'list does not have the names that were given')
  for (const name of names) {
    assert.equal((await subject.facets.find(name))?.name, name, 'get answers another volume')
    assert.equal(await subject.facets.find(`${name.slice(0, 40)}0`), undefined, 'get finds a name that is only alike')
  }
}

async function rightKinds(subject: DriverSubject): Promise<void> {
  await subject.create('vol')
  const found = [await subject.facets.find('vol'), ...(await subject.facets.list())]
  for (const each of found) {
    assert.ok(each !== undefined, 'get does not find a volume that was made')
    await assertKinds(each)
  }
}

async function assertKinds({ createdAt, path, sizeBytes, status, state }: FoundVolume): Promise<void> {
  if (createdAt !== undefined) {
    assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/, 'createdAt is not RFC 3339')
    assert.ok(Number.isFinite(Date.parse(createdAt)), `createdAt is no time: ${createdAt}`)
  }
  if (path !== undefined) await assertUsable(path)
  assertCount(sizeBytes, 'the size in the inventory')
  assertJson(status, 'the status in the inventory')
  assertJson(state, 'the state in the inventory')
}

async function namesOf(subject: DriverSubject): Promise<string[]> {
  return (await subject.facets.list()).map(({ name }) => name).sort()
}

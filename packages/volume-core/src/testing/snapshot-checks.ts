import assert from 'node:assert/strict'
import type { DriverCheck } from './check.js'
import type { DriverSubject } from './driver-subject.js'
import { isWhole, planted } from './planted-volume.js'
import { assertCount, assertJson, assertRefused, doneOrRefused, fired } from './refusals.js'
import { assertTree, plantTree, spoilTree } from './volume-tree.js'

/** What a driver with the facet `snapshots` does beside. */
export const snapshotChecks: readonly DriverCheck[] = [
  { title: 'snapshots: restores content, owners and modes, and keeps the snapshot', run: restore },
  { title: 'snapshots: restores each of many states, in any order', run: manyStates },
  { title: 'snapshots: lets create, restore and remove be repeated', run: repeat },
  { title: 'snapshots: lists those of the one volume, whole ones alone', run: listOwn },
  { title: 'snapshots: takes every name', run: oddNames },
  { title: 'snapshots: of a volume in use are of one moment, or refused as in use', run: inUse },
  { title: 'snapshots: reject a fired signal, and change nothing', run: abort },
  { title: 'snapshots: fails to restore what is not there, and changes nothing', run: restoreMissing },
  { title: 'snapshots: are there when it was closed and opened', run: afterReopen },
  { title: 'snapshots: say how they were made', run: rightKinds },
]

async function restore(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'vol')
  await subject.facets.snapshot('vol', 'first')
  await isWhole(subject, 'vol', tree, 'taking a snapshot changed the volume')
  await subject.use('vol', spoilTree)
  await subject.facets.restore('vol', 'first')
  await isWhole(subject, 'vol', tree, 'restore did not make the volume what it was')
  // What is written after a restore belongs to the volume, and never to the snapshot.
  await subject.use('vol', spoilTree)
  assert.deepEqual(await subject.facets.snapshots('vol'), ['first'], 'the snapshot has gone with its restore')
  await subject.facets.restore('vol', 'first')
  await isWhole(subject, 'vol', tree, 'a volume that was restored writes into its snapshot')
}

async function manyStates(subject: DriverSubject): Promise<void> {
  const one = await planted(subject, 'vol')
  await subject.facets.snapshot('vol', 'one')
  const two = await subject.use('vol', spoilTree)
  await subject.facets.snapshot('vol', 'two')
  await subject.facets.restore('vol', 'one')
  await isWhole(subject, 'vol', one, 'the older of two snapshots was not restored')
  await subject.facets.restore('vol', 'two')
  await isWhole(subject, 'vol', two, 'the newer of two snapshots was not restored')
  await subject.facets.removeSnapshot('vol', 'one')
  await subject.facets.restore('vol', 'two')
  await isWhole(subject, 'vol', two, 'a snapshot was spoilt by removing another')
}

async function repeat(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'vol')
  for (const _ of [1, 2]) await subject.facets.snapshot('vol', 'again')
  assert.deepEqual(await subject.facets.snapshots('vol'), ['again'], 'a repeated create is one snapshot')
  await subject.use('vol', spoilTree)
  for (const _ of [1, 2]) await subject.facets.restore('vol', 'again')
  await isWhole(subject, 'vol', tree, 'a restore that was repeated')
  for (const _ of [1, 2]) await subject.facets.removeSnapshot('vol', 'again')
  await subject.facets.removeSnapshot('vol', 'never-was')
  assert.deepEqual(await subject.facets.snapshots('vol'), [], 'a snapshot that was removed is listed')
  await isWhole(subject, 'vol', tree, 'removing snapshots changed the volume')
}

async function listOwn(subject: DriverSubject): Promise<void> {
  const [, other] = [await planted(subject, 'vol'), await planted(subject, 'vol-2')]
  assert.deepEqual(await subject.facets.snapshots('vol'), [], 'a new volume has snapshots')
  for (const name of ['b', 'a']) await subject.facets.snapshot('vol', name)
  await subject.facets.snapshot('vol-2', 'a')
  assert.deepEqual(await subject.facets.snapshots('vol'), ['a', 'b'])
  assert.deepEqual(await subject.facets.snapshots('vol-2'), ['a'], "a volume shows another's snapshots")
  await subject.facets.removeSnapshot('vol', 'a')
  assert.deepEqual(await subject.facets.snapshots('vol'), ['b'])
  await subject.facets.restore('vol-2', 'a')
  await isWhole(subject, 'vol-2', other, "a snapshot was spoilt by removing another volume's of its name")
  if (subject.driver.inventory === undefined) return
  const names = (await subject.facets.list()).map(({ name }) => name)
  assert.deepEqual(names.sort(), ['vol', 'vol-2'], 'snapshots are listed as volumes')
}

async function oddNames(subject: DriverSubject): Promise<void> {
  const names = ['0.', 'A-b_C.d', 'con', 'content', 'vol', 'snapshot.json', 'x.tmp', `n${'m'.repeat(253)}1`]
  await planted(subject, 'vol')
  for (const name of names) await subject.facets.snapshot('vol', name)
  assert.deepEqual(await subject.facets.snapshots('vol'), [...names].sort(), 'names do not come back as given')
  for (const name of names) await subject.facets.restore('vol', name)
  for (const name of names) await subject.facets.removeSnapshot('vol', name)
  assert.deepEqual(await subject.facets.snapshots('vol'), [])
}

async function inUse(subject: DriverSubject): Promise<void> {
  await subject.create('vol')
  await subject.use('vol', async (path) => {
    const tree = await plantTree(path)
    const strict = subject.facets.snapshot('vol', 'strict', { isMounted: true })
    const isMade = await doneOrRefused(
      strict.then(({ isConsistent }) => {
        assert.ok(isConsistent, 'a copy of many moments was made of a volume in use, and nobody had allowed it')
      }),
      'in-use',
    )
    assert.deepEqual(await subject.facets.snapshots('vol'), isMade ? ['strict'] : [])
    await subject.facets.snapshot('vol', 'lenient', { isMounted: true, allowInconsistent: true })
    await assertTree(path, tree, 'a snapshot changed the volume in use')
  })
}

async function abort(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'vol')
  const creating = subject.facets.snapshot('vol', 'aborted', { signal: fired() })
  await assertRefused(creating, 'snapshots.create took no notice of its signal')
  assert.deepEqual(await subject.facets.snapshots('vol'), [], 'it is there nevertheless')
  await subject.facets.snapshot('vol', 'made')
  const spoilt = await subject.use('vol', spoilTree)
  const restoring = subject.facets.restore('vol', 'made', fired())
  await assertRefused(restoring, 'snapshots.restore took no notice of its signal')
  await isWhole(subject, 'vol', spoilt, 'a restore whose signal had fired changed the volume')
  await subject.facets.restore('vol', 'made')
  await isWhole(subject, 'vol', tree, 'a restore after one that was aborted')
}

async function restoreMissing(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'vol')
  await assertRefused(subject.facets.restore('vol', 'never-was'), 'a snapshot that never was could be restored')
  await isWhole(subject, 'vol', tree, 'restoring a snapshot that never was changed the volume')
  await assertRefused(subject.facets.snapshot('never-was', 'some'), 'a volume that never was could be kept')
}

async function afterReopen(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'vol')
  await subject.facets.snapshot('vol', 'lasting')
  await subject.use('vol', spoilTree)
  await subject.reopen()
  assert.deepEqual(await subject.facets.snapshots('vol'), ['lasting'], 'it was lost when the driver was closed')
  await subject.facets.restore('vol', 'lasting')
  await isWhole(subject, 'vol', tree, 'a snapshot made before the driver was closed')
}

async function rightKinds(subject: DriverSubject): Promise<void> {
  await planted(subject, 'vol')
  const made = await subject.facets.snapshot('vol', 'told')
  assert.equal(made.name, 'told', 'a snapshot has the name that it was asked for')
  assert.ok(typeof made.method === 'string' && made.method !== '', 'a snapshot tells how it was made')
  assert.equal(made.isConsistent, true, 'a snapshot of a volume at rest is of one moment')
  assertCount(made.sizeBytes, 'the size of a snapshot')
  assertJson(made, 'what is told of a snapshot')
}

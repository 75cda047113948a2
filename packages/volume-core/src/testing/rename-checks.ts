import assert from 'node:assert/strict'
import type { DriverCheck } from './check.js'
import type { DriverSubject } from './driver-subject.js'
import { assertAbsent, isWhole, planted } from './planted-volume.js'
import { assertRefused, fired } from './refusals.js'
import { assertEmpty } from './volume-files.js'
import { spoilTree } from './volume-tree.js'

/** What a driver with the facet `renaming` does beside. */
export const renameChecks: readonly DriverCheck[] = [
  { title: 'renaming: takes the content along, and leaves the old name free', run: takeAlong },
  { title: 'renaming: lets rename be repeated', run: repeat },
  { title: 'renaming: never takes a name that is in use, and both volumes stay whole', run: nameInUse },
  { title: 'renaming: rejects a fired signal, and leaves the volume where it is', run: abort },
  {
    title: 'renaming: fails for a volume that is not there',
    run: async (subject) => {
      const work = subject.facets.rename('never-was', 'new')
      await assertRefused(work, 'a volume that never was could be renamed')
      await assertAbsent(subject, 'new', 'a rename of nothing made a volume')
    },
  },
  { title: 'renaming: takes every name', run: oddNames },
  { title: 'renaming: takes the snapshots along', needs: ['snapshots'], run: withSnapshots },
]

async function takeAlong(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'old')
  await subject.facets.rename('old', 'new')
  await assertAbsent(subject, 'old', 'the old name still finds the volume')
  await isWhole(subject, 'new', tree, 'the volume lost something by its rename')
  await subject.create('old')
  await subject.use('old', assertEmpty)
  await subject.reopen()
  await isWhole(subject, 'new', tree, 'the new name was lost when the driver was closed')
  await subject.use('old', assertEmpty)
}

async function repeat(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'old')
  const before = subject.volume('old')
  await subject.facets.rename('old', 'new')
  // As after a crash: the engine has not kept what the first rename answered, and calls with what it had.
  await subject.driver.renaming?.rename(before, 'new', subject.call())
  await isWhole(subject, 'new', tree, 'a rename that was repeated')
  await subject.facets.rename('new', 'old')
  await isWhole(subject, 'old', tree, 'a rename there and back')
}

async function nameInUse(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'old')
  await planted(subject, 'taken')
  const other = subject.isDurable ? await subject.use('taken', spoilTree) : tree
  const attempt = async () => {
    const work = subject.driver.renaming?.rename(subject.volume('old'), 'taken', subject.call()) ?? Promise.resolve()
    await assertRefused(work, 'a rename took the name of another volume', ['already-exists'])
  }
  // A driver that keeps nothing between mounts knows of a volume while it is mounted.
  await (subject.isDurable ? attempt() : subject.use('taken', attempt))
  await isWhole(subject, 'old', tree, 'a rename that was refused changed the volume')
  await isWhole(subject, 'taken', other, 'a rename that was refused changed the volume in the way')
}

async function abort(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'old')
  await assertRefused(subject.facets.rename('old', 'new', fired()), 'rename took no notice of its signal')
  await isWhole(subject, 'old', tree, 'a rename whose signal had fired moved the volume')
  await assertAbsent(subject, 'new', 'a rename whose signal had fired made the new name')
  await subject.facets.rename('old', 'new')
  await isWhole(subject, 'new', tree, 'a rename after one that was aborted')
}

async function oddNames(subject: DriverSubject): Promise<void> {
  const names = ['a..b', 'Old', 'old.tmp', 'x._data', `n${'m'.repeat(253)}1`, `n${'m'.repeat(253)}2`]
  const tree = await planted(subject, 'old')
  let current = 'old'
  for (const name of names) {
    await subject.facets.rename(current, name)
    await assertAbsent(subject, current, 'the old name still finds the volume')
    current = name
  }
  await isWhole(subject, current, tree, 'the volume lost something by its renames')
}

async function withSnapshots(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'old')
  await subject.facets.snapshot('old', 'snap')
  await subject.use('old', spoilTree)
  await subject.facets.rename('old', 'new')
  assert.deepEqual(await subject.facets.snapshots('new'), ['snap'], 'the snapshots did not follow the rename')
  await subject.facets.restore('new', 'snap')
  await isWhole(subject, 'new', tree, 'a snapshot made before the rename')
  await subject.create('old')
  assert.deepEqual(await subject.facets.snapshots('old'), [], 'a new volume has the snapshots of the renamed one')
}

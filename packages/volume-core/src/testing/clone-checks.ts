import assert from 'node:assert/strict'
import type { DriverCheck } from './check.js'
import type { DriverSubject } from './driver-subject.js'
import { assertAbsent, isWhole, planted } from './planted-volume.js'
import { assertRefused, doneOrRefused, fired } from './refusals.js'
import { limitOf, targetBytes } from './resize-checks.js'
import type { DriverSuiteOptions } from './suite-options.js'
import { assertTree, plantTree, spoilTree } from './volume-tree.js'

/** What a driver with the facet `cloning` does beside. */
export const cloneChecks: readonly DriverCheck[] = [
  { title: 'cloning: makes a volume of its own, with content, owners and modes', run: independent },
  { title: 'cloning: lets clone be repeated', run: repeat },
  { title: 'cloning: of a volume in use is refused as in use, or done', run: inUse },
  { title: 'cloning: rejects a fired signal, and makes nothing', run: abort },
  { title: 'cloning: fails where there is no source, and makes nothing', run: noSource },
  { title: 'cloning: makes volumes that outlive their source, and a restart', run: outlive },
  { title: 'cloning: takes the state of a snapshot', needs: ['snapshots'], run: fromSnapshot },
  { title: 'cloning: gives a clone the size that its source has grown to', needs: ['resizing'], run: grown },
]

async function independent(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'source')
  await subject.facets.clone('source', 'clone')
  await isWhole(subject, 'clone', tree, 'the clone is not what its source was')
  const spoilt = await subject.use('clone', spoilTree)
  await isWhole(subject, 'source', tree, 'what is written to the clone gets into its source')
  await subject.use('source', async (path) => await spoilTree(path))
  await subject.remove('source')
  await isWhole(subject, 'clone', spoilt, 'the clone did not outlive its source')
}

async function repeat(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'source')
  for (const _ of [1, 2]) await subject.facets.clone('source', 'clone')
  await subject.create('clone')
  await isWhole(subject, 'clone', tree, 'a clone that was repeated')
  await isWhole(subject, 'source', tree, 'a clone that was repeated changed its source')
}

async function inUse(subject: DriverSubject): Promise<void> {
  await subject.create('source')
  await subject.use('source', async (path) => {
    const tree = await plantTree(path)
    const isMade = await doneOrRefused(subject.facets.clone('source', 'strict', { isMounted: true }), 'in-use')
    if (!isMade) await assertAbsent(subject, 'strict', 'a clone that was refused is there')
    await subject.facets.clone('source', 'lenient', { isMounted: true, allowInconsistent: true })
    await assertTree(path, tree, 'cloning changed the source')
  })
}

async function abort(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'source')
  await assertRefused(
    subject.facets.clone('source', 'clone', { signal: fired() }),
    'clone took no notice of its signal',
  )
  await assertAbsent(subject, 'clone', 'it was made nevertheless')
  await subject.facets.clone('source', 'clone')
  await isWhole(subject, 'clone', tree, 'a clone after one that was aborted')
}

async function noSource(subject: DriverSubject): Promise<void> {
  await assertRefused(subject.facets.clone('never-was', 'clone'), 'a volume that never was could be cloned')
  await assertAbsent(subject, 'clone', 'a clone of nothing is there')
}

async function outlive(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'source')
  await subject.facets.clone('source', 'clone')
  await subject.facets.clone('clone', 'clone-of-clone')
  await subject.remove('source')
  await subject.reopen()
  await isWhole(subject, 'clone', tree, 'a clone whose source was removed')
  await subject.remove('clone')
  await isWhole(subject, 'clone-of-clone', tree, 'a clone of a clone that was removed')
}

async function fromSnapshot(subject: DriverSubject): Promise<void> {
  const tree = await planted(subject, 'source')
  await subject.facets.snapshot('source', 'snap')
  const now = await subject.use('source', spoilTree)
  await subject.facets.clone('source@snap', 'clone')
  await isWhole(subject, 'clone', tree, 'the clone is not what the snapshot was')
  await isWhole(subject, 'source', now, 'cloning a snapshot changed the volume')
  assert.deepEqual(await subject.facets.snapshots('clone'), [], 'a clone has the snapshots of its source')
  await subject.facets.removeSnapshot('source', 'snap')
  await isWhole(subject, 'clone', tree, 'the clone did not outlive the snapshot that it was made from')
  await assertRefused(subject.facets.clone('source@never-was', 'other'), 'a snapshot that never was could be cloned')
}

async function grown(subject: DriverSubject, options: DriverSuiteOptions): Promise<void> {
  const tree = await planted(subject, 'source')
  await subject.facets.resize('source', targetBytes(subject, 'source', options))
  await subject.facets.clone('source', 'clone')
  const { sizeBytes: wanted = 0 } = subject.volume('source')
  const { sizeBytes: told = 0 } = subject.volume('clone')
  assert.ok(told >= wanted, `the source has ${wanted} bytes, and the clone is told to have ${told}`)
  const [limit, limitOfClone] = [await limitOf(subject, 'source'), await limitOf(subject, 'clone')]
  const isSame = limit === undefined || (limitOfClone !== undefined && limitOfClone >= limit * 0.95)
  assert.ok(isSame, `the limit of the source is ${limit}, that of the clone ${limitOfClone}`)
  await isWhole(subject, 'clone', tree, 'a clone of a volume that has grown')
}

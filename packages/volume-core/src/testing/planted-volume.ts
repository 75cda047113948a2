import assert from 'node:assert/strict'
import type { DriverSubject } from './driver-subject.js'
import { assertEmpty } from './volume-files.js'
import { assertTree, plantTree, type VolumeTree } from './volume-tree.js'

/** Makes a volume with a tree in it. */
export async function planted(subject: DriverSubject, name: string): Promise<VolumeTree> {
  await subject.create(name)
  return await subject.use(name, plantTree)
}

/** Asserts that a volume has its tree; one that is not durable has lost it with its mount, and is empty. */
export async function isWhole(subject: DriverSubject, name: string, tree: VolumeTree, what: string): Promise<void> {
  await subject.use(name, (path) => (subject.isDurable ? assertTree(path, tree, what) : assertEmpty(path)))
}

/** Asserts that nobody finds a volume of this name. */
export async function assertAbsent(subject: DriverSubject, name: string, what: string): Promise<void> {
  if (subject.driver.inventory !== undefined) assert.equal(await subject.facets.find(name), undefined, what)
  assert.equal(await subject.path(name), undefined, what)
}

import assert from 'node:assert/strict'
import type { DriverCheck } from './check.js'
import type { DriverSubject } from './driver-subject.js'
import { assertEmpty, assertText, assertUsable, writeText } from './volume-files.js'

/** What a driver with the facet `mounts` does beside. */
export const mountChecks: readonly DriverCheck[] = [
  { title: 'is mounted between mount and unmount, and path says so', run: mountAndUnmount },
  { title: 'answers a repeated mount alike, and does no harm by it', run: repeatMount },
  { title: 'lets an unmount be repeated, also where nothing was mounted', run: repeatUnmount },
  {
    title: 'keeps its data from one mount to the next, if it is durable',
    run: async (subject) => {
      await subject.create('vol')
      await subject.use('vol', (path) => writeText(path, 'kept'))
      await subject.use('vol', (path) => (subject.isDurable ? assertText(path, 'kept') : assertEmpty(path)))
    },
  },
  { title: 'mounts for each reference, or once for the volume', run: twoReferences },
  {
    title: 'leaves volumes mounted when it is closed, and unmounts them when it is open again',
    run: async (subject) => {
      await subject.create('vol')
      const path = await subject.mount('vol')
      await writeText(path, 'through it all')
      await subject.reopen()
      await assertText(path, 'through it all')
      assert.ok(
        (await subject.path('vol')) !== undefined,
        'path does not see a mount made before the driver was closed',
      )
      assert.equal(await subject.mount('vol'), path)
      await subject.unmount('vol')
      assert.equal(await subject.path('vol'), undefined, 'path tells of a mount that was undone')
    },
  },
  {
    title: 'rejects a mount whose signal has fired, and mounts nothing',
    run: async (subject) => {
      await subject.create('vol')
      await assert.rejects(subject.mount('vol', 'r1', AbortSignal.abort()), 'mount took no notice of its signal')
      assert.equal(await subject.path('vol'), undefined, 'it is mounted nevertheless')
      await assertUsable(await subject.mount('vol'))
      await subject.unmount('vol')
    },
  },
  {
    title: 'mounts many volumes at a time',
    run: async (subject) => {
      const names = Array.from({ length: 8 }, (_, index) => `many-${index}`)
      await Promise.all(names.map((name) => subject.create(name)))
      const paths = await Promise.all(names.map((name) => subject.mount(name)))
      assert.equal(new Set(paths).size, names.length, 'two volumes are mounted at one path')
      await Promise.all(paths.map((path) => writeText(path, path)))
      await Promise.all(paths.map((path) => assertText(path, path)))
      await Promise.all(names.map((name) => subject.unmount(name)))
    },
  },
]

async function mountAndUnmount(subject: DriverSubject): Promise<void> {
  await subject.create('vol')
  assert.equal(await subject.path('vol'), undefined, 'path tells of a volume that is not mounted')
  const path = await subject.mount('vol')
  await writeText(path, 'mounted')
  const told = await subject.path('vol')
  await assertText(told ?? '', 'mounted')
  if (subject.mounts.per === 'volume') assert.equal(told, path, 'path and mount do not agree')
  await subject.unmount('vol')
  assert.equal(await subject.path('vol'), undefined, 'it is still mounted')
}

async function repeatMount(subject: DriverSubject): Promise<void> {
  await subject.create('vol')
  const path = await subject.mount('vol')
  await writeText(path, 'once')
  assert.equal(await subject.mount('vol'), path, 'a repeated mount answers another path')
  await assertText(path, 'once')
  await subject.unmount('vol')
  assert.equal(await subject.path('vol'), undefined, 'two mounts of one reference need two unmounts')
}

async function repeatUnmount(subject: DriverSubject): Promise<void> {
  await subject.create('vol')
  await subject.unmount('vol')
  await subject.mount('vol')
  await subject.unmount('vol')
  await subject.unmount('vol')
  await assertUsable(await subject.mount('vol'))
  await subject.unmount('vol')
  assert.equal(await subject.path('vol'), undefined, 'it is still mounted')
}

async function twoReferences(subject: DriverSubject): Promise<void> {
  await subject.create('vol')
  const first = await subject.mount('vol', 'first')
  await writeText(first, 'shared')
  if (subject.mounts.per === 'reference') {
    const second = await subject.mount('vol', 'second')
    await assertText(second, 'shared')
    await subject.unmount('vol', 'first')
    await assertText(second, 'shared')
    assert.ok((await subject.path('vol')) !== undefined, 'path does not see the reference that is left')
    await subject.unmount('vol', 'second')
  } else {
    assert.equal(await subject.mount('vol', 'second'), first, 'one volume is mounted at two paths')
    await subject.unmount('vol', 'second')
  }
  assert.equal(await subject.path('vol'), undefined, 'it is still mounted')
}

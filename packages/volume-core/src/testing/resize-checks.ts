import assert from 'node:assert/strict'
import type { DriverCheck } from './check.js'
import type { DriverSubject } from './driver-subject.js'
import { assertRefused, doneOrRefused, fired } from './refusals.js'
import type { DriverSuiteOptions } from './suite-options.js'
import { assertTree, plantTree, readTree } from './volume-tree.js'

const defaultBytes = 64 << 20

/** What a driver with the facet `resizing` does beside. */
export const resizeChecks: readonly DriverCheck[] = [
  { title: 'resizing: grows a volume and leaves what is in it, also twice', run: grow },
  { title: 'resizing: grows a volume in use, or says that it is in use', run: growInUse },
  { title: 'resizing: refuses a size below what is in the volume, and changes nothing', run: tooSmall },
  {
    title: 'resizing: rejects when the signal has fired, and changes nothing',
    run: async (subject, options) => {
      await subject.create('vol')
      const before = await limitOf(subject, 'vol')
      const work = subject.facets.resize('vol', targetBytes(subject, 'vol', options), fired())
      await assertRefused(work, 'resize took no notice of its signal')
      assert.equal(await limitOf(subject, 'vol'), before, 'the limit was changed nevertheless')
    },
  },
  {
    title: 'resizing: fails for a volume that is not there',
    run: async (subject) => {
      await assertRefused(subject.facets.resize('never-was', defaultBytes), 'a volume that never was got a size')
      if (subject.driver.inventory !== undefined) assert.equal(await subject.facets.find('never-was'), undefined)
    },
  },
  {
    title: 'resizing: shows the new limit in the usage, also when it was closed and opened',
    needs: ['usage'],
    run: async (subject, options) => {
      await subject.create('vol')
      const before = await limitOf(subject, 'vol')
      if (before === undefined) return
      await subject.facets.resize('vol', targetBytes(subject, 'vol', options))
      const after = await limitOf(subject, 'vol')
      assert.ok(after !== undefined && after > before, `the limit was ${before} and is ${after} after growing`)
      await subject.reopen()
      assert.equal(await limitOf(subject, 'vol'), after, 'the new limit was lost when the driver was closed')
    },
  },
]

async function grow(subject: DriverSubject, options: DriverSuiteOptions): Promise<void> {
  await subject.create('vol')
  const bytes = targetBytes(subject, 'vol', options)
  if (!subject.isDurable) {
    for (const _ of [1, 2]) await subject.facets.resize('vol', bytes)
    return
  }
  const tree = await subject.use('vol', plantTree)
  for (const _ of [1, 2]) {
    await subject.facets.resize('vol', bytes)
    await subject.use('vol', (path) => assertTree(path, tree, 'growing changed what is in the volume'))
  }
  await subject.reopen()
  await subject.create('vol')
  await subject.use('vol', (path) => assertTree(path, tree, 'a create after growing changed what is in the volume'))
}

async function growInUse(subject: DriverSubject, options: DriverSuiteOptions): Promise<void> {
  await subject.create('vol')
  const bytes = targetBytes(subject, 'vol', options)
  await subject.use('vol', async (path) => {
    const tree = await plantTree(path)
    await doneOrRefused(subject.facets.resize('vol', bytes), 'in-use')
    await assertTree(path, tree, 'a resize of a volume in use changed what is in it')
    assert.ok((await subject.path('vol')) !== undefined, 'path does not tell of the volume any more')
  })
}

async function tooSmall(subject: DriverSubject): Promise<void> {
  await subject.create('vol')
  await subject.use('vol', async (path) => {
    const tree = await plantTree(path)
    const work = subject.facets.resize('vol', 4096)
    await assertRefused(work, 'a volume with 256 KiB in it was made 4 KiB small', [
      'exhausted',
      'in-use',
      'unsupported',
    ])
    await assertTree(path, tree, 'a refused resize changed what is in the volume')
  })
  if (!subject.isDurable) return
  const tree = await subject.use('vol', readTree)
  const work = subject.facets.resize('vol', 4096)
  await assertRefused(work, 'a volume with 256 KiB in it was made 4 KiB small', ['exhausted', 'unsupported'])
  await subject.use('vol', (path) => assertTree(path, tree, 'a refused resize changed what is in the volume'))
}

/** Above the size of a new volume. */
export function targetBytes(subject: DriverSubject, name: string, { resizeBytes }: DriverSuiteOptions): number {
  const { sizeBytes } = subject.volume(name)
  return resizeBytes ?? (sizeBytes === undefined ? defaultBytes : sizeBytes * 2)
}

/** The limit that usage tells; undefined where there is none to be told. */
export async function limitOf(subject: DriverSubject, name: string): Promise<number | undefined> {
  if (subject.driver.usage === undefined) return undefined
  return await subject.use(name, async () => (await subject.facets.measure(name)).limitBytes)
}

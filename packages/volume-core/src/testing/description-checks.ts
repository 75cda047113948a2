import assert from 'node:assert/strict'
import { type FacetName, facetNames } from '../driver.js'
import type { DriverCheck } from './check.js'
import type { DriverSubject } from './driver-subject.js'
import { assertJson } from './refusals.js'
import type { DriverSuiteOptions } from './suite-options.js'

/** What a driver tells about one volume: which of its facets hold, and why the others do not. */
export const descriptionChecks: readonly DriverCheck[] = [
  { title: 'describes a volume truly, with a reason for each facet that it lacks', run: describeVolume },
  { title: 'says whether a volume is one to be mounted, always alike', run: concernsMounts },
]

async function describeVolume(subject: DriverSubject, { without = [] }: DriverSuiteOptions): Promise<void> {
  await subject.create('vol')
  const first = await subject.facets.describe('vol')
  const lacking = Object.keys(first.without)
  for (const facet of lacking) {
    assert.ok((facetNames as readonly string[]).includes(facet), `'${facet}' is no facet`)
    assert.ok(subject.driver[facet as FacetName] !== undefined, `the driver itself has no ${facet}`)
    const reason = first.without[facet as FacetName]
    assert.ok(typeof reason === 'string' && reason.length > 3, `no reason is given for the lack of ${facet}`)
  }
  assert.deepEqual(
    lacking.sort(),
    without.filter((facet) => facet !== 'mounts').sort(),
    'it lacks other facets than told',
  )
  assertJson(first.facts, 'what describe tells as facts')
  await subject.use('vol', async () => {
    const { without: again } = await subject.facets.describe('vol')
    assert.deepEqual(Object.keys(again).sort(), lacking, 'a volume in use has other facets')
  })
}

async function concernsMounts(subject: DriverSubject, { without = [] }: DriverSuiteOptions): Promise<void> {
  const { mounts } = subject.driver
  if (mounts === undefined) return
  const answers = [mounts.concerns?.(subject.volume('vol')) ?? true]
  await subject.create('vol')
  answers.push(mounts.concerns?.(subject.volume('vol')) ?? true)
  await subject.reopen()
  answers.push(subject.isToBeMounted('vol'))
  await subject.use('vol', async () => void answers.push(subject.isToBeMounted('vol')))
  assert.deepEqual(
    answers,
    Array(4).fill(!without.includes('mounts')),
    'concerns does not answer as told, or not always',
  )
}

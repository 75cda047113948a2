import type { FacetName } from '../driver.js'
import { basicChecks } from './basic-checks.js'
import type { DriverCheck } from './check.js'
import { cloneChecks } from './clone-checks.js'
import { descriptionChecks } from './description-checks.js'
import { DriverSubject } from './driver-subject.js'
import { EngineStage, engineChecks } from './engine-checks.js'
import { engineFacetChecks } from './engine-facet-checks.js'
import { foreignChecks } from './foreign-checks.js'
import { healthChecks } from './health-checks.js'
import { inventoryChecks } from './inventory-checks.js'
import { mountChecks } from './mount-checks.js'
import { renameChecks } from './rename-checks.js'
import { resizeChecks } from './resize-checks.js'
import { snapshotChecks } from './snapshot-checks.js'
import { type DriverSuiteOptions, heldFacets } from './suite-options.js'
import { usageChecks } from './usage-checks.js'

const facetChecks: Readonly<Record<FacetName, readonly DriverCheck[]>> = {
  mounts: mountChecks,
  inventory: inventoryChecks,
  resizing: resizeChecks,
  snapshots: snapshotChecks,
  cloning: cloneChecks,
  renaming: renameChecks,
  usage: usageChecks,
  health: healthChecks,
}

/**
 * Declares the tests that every volume driver passes: each mutating call repeated, references, odd names, aborts, many calls at a time,
 * refusals that leave a volume whole, a restart, and what is left on the host; each facet that the driver is said to have; on the driver
 * itself and under an engine.
 *
 * Every test gets a subject of its own from `open`, and its `dispose` is called whatever happens. Needs no test runner but the
 * one that is passed in: vitest, node:test, or one like them.
 */
export function testVolumeDriver(options: DriverSuiteOptions): void {
  const { describe, it } = options.runner
  describe(`volume driver ${options.name ?? ''}`.trim(), () => {
    for (const check of checksFor(options)) it(check.title, () => runOnDriver(check, options))
    for (const check of held(options, [...engineChecks, ...engineFacetChecks, ...foreignChecks]))
      it(`under an engine: ${check.title}`, () => EngineStage.run(check, options))
  })
}

function checksFor(options: DriverSuiteOptions): DriverCheck[] {
  const ofFacets = heldFacets(options).flatMap((facet) => facetChecks[facet])
  return held(options, [...basicChecks, ...descriptionChecks, ...ofFacets])
}

/** Those that need no facet which the volumes lack. */
function held<C extends { readonly needs?: readonly FacetName[] }>(options: DriverSuiteOptions, checks: C[]): C[] {
  const facets = heldFacets(options)
  return checks.filter(({ needs = [] }) => needs.every((facet) => facets.includes(facet)))
}

async function runOnDriver(check: DriverCheck, options: DriverSuiteOptions): Promise<void> {
  const subject = await DriverSubject.open(options)
  try {
    await check.run(subject, options)
    await subject.settle()
  } catch (error) {
    await subject.abandon()
    throw error
  } finally {
    await subject.subject.dispose()
  }
}

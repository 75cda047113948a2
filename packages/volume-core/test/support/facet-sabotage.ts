import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Driver, type DriverCall, type FacetName, facetNames } from '../../src/driver.js'
import { bound, failuresOf, type Sabotage } from './sabotage.js'

/** Everything but mounts: what mounts add is tested with them. */
export const unmounted = { facets: facetNames.filter((facet) => facet !== 'mounts') }
export const mounted = { facets: facetNames }
export const deaf: DriverCall = { signal: new AbortController().signal, log: console }

/** A driver whose facet has some operations replaced. */
export function replacing<F extends FacetName>(
  facet: F,
  parts: (good: NonNullable<Driver[F]>, driver: Driver, home: string) => Partial<NonNullable<Driver[F]>>,
): NonNullable<Sabotage['spoil']> {
  return (driver, home) => {
    const good = driver[facet]
    if (good === undefined) throw new Error(`a driver without ${facet}`)
    return { [facet]: { ...bound(good), ...parts(bound(good) as NonNullable<Driver[F]>, driver, home) } }
  }
}

export const volumeAt = (home: string, name: string) => join(home, 'memory', name)
export const snapshotsAt = (home: string, name: string) => join(home, '.memory-snapshots', name)

/** Declares a test for each of these: the one check of the facet that it is meant for has to fail, and no other of the facet unless it says so. */
export function declareSabotages(facet: string, sabotages: readonly Sabotage[], isOfFacet: (title: string) => boolean) {
  describe(`the suite fails a driver of which (${facet})`, () => {
    for (const { title, by, alsoElsewhere = false, ...sabotage } of sabotages) {
      it(title, async () => {
        const failures = await failuresOf({ memory: unmounted, ...sabotage }, isOfFacet)
        expect(failures).toContainEqual(expect.stringMatching(new RegExp(`^${by}`)))
        if (!alsoElsewhere) expect(failures).toHaveLength(1)
      })
    }
  })
}

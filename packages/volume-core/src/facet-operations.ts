import type { Driver, FacetName } from './driver.js'

type Operations = { readonly [F in FacetName]: readonly (keyof NonNullable<Driver[F]> & string)[] }

/** What a facet has to have to be whole. */
export const facetOperations: Operations = Object.freeze({
  mounts: ['mount', 'unmount'],
  inventory: ['get', 'list'],
  resizing: ['resize'],
  snapshots: ['create', 'remove', 'list', 'restore'],
  cloning: ['clone'],
  renaming: ['rename'],
  usage: ['measure'],
  health: ['check'],
})

/** The operations of a facet that a driver lacks. */
export function missingOperations(driver: Driver, facet: FacetName): string[] {
  const found = driver[facet] as Readonly<Record<string, unknown>> | undefined
  return facetOperations[facet].filter((operation) => typeof found?.[operation] !== 'function')
}

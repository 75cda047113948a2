/**
 * For authors of volume drivers: the suite that every driver passes, and a driver to compare with.
 *
 *     import { describe, it } from 'node:test'
 *     import { testVolumeDriver } from '@pouch/volume-core/testing'
 *
 *     testVolumeDriver({
 *       runner: { describe, it },
 *       expects: [],
 *       open: async () => {
 *         const home = await mkdtemp(join(tmpdir(), 'my-driver-'))
 *         return { definition: myDriver(), home, dispose: () => rm(home, { recursive: true }) }
 *       },
 *     })
 */
export { type FacetName, facetNames } from './driver-facets.js'
export { type MemoryDriverOptions, memoryDriver } from './testing/memory-driver.js'
export type { DriverSuiteOptions, SuiteSubject, TestRunner } from './testing/suite-options.js'
export { testVolumeDriver } from './testing/test-volume-driver.js'

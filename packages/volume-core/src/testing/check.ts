import type { FacetName } from '../driver.js'
import type { DriverSubject } from './driver-subject.js'
import type { DriverSuiteOptions } from './suite-options.js'

/** One test of the suite. */
export interface DriverCheck {
  readonly title: string
  /** Facets that the test needs besides the one that it is about. */
  readonly needs?: readonly FacetName[]
  run(subject: DriverSubject, options: DriverSuiteOptions): Promise<void>
}

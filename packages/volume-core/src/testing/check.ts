import type { DriverSubject } from './driver-subject.js'
import type { DriverSuiteOptions } from './suite-options.js'

/** One test of the suite. */
export interface DriverCheck {
  readonly title: string
  run(subject: DriverSubject, options: DriverSuiteOptions): Promise<void>
}

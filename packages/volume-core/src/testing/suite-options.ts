import type { DriverDefinition, FacetName } from '../driver.js'

/** The `describe` and `it` of vitest, node:test, or any runner like them. */
export interface TestRunner {
  describe(title: string, body: () => void): unknown
  it(title: string, body: () => Promise<void>): unknown
}

/** Options of the suite. */
export interface DriverSuiteOptions {
  readonly runner: TestRunner
  /** What the tests are called; the driver's name is a good choice. */
  readonly name?: string
  /** The facets that the driver has. One that is missing, or that is there unexpected, fails. */
  readonly expects: readonly FacetName[]
  /** Makes a fresh subject; called once a test. */
  readonly open: () => Promise<SuiteSubject>
  /** The options of each volume, as a user would write them. */
  readonly volumeOptions?: Readonly<Record<string, string>>
}

/** What one test is run on. */
export interface SuiteSubject {
  readonly definition: DriverDefinition
  /** An absolute path of a directory of the test's own, where the driver keeps what it keeps on the host. */
  readonly home: string
  /** Removes the home and whatever the subject is made of. Called after each test, also a failed one. */
  dispose(): Promise<unknown>
  /**
   * Makes the next create of this name impossible: a file in the way, a backend that refuses. With it the suite tests that the driver
   * says so, and recovers when the obstacle is taken away by the answer.
   */
  obstruct?(name: string): Promise<() => Promise<void>>
}

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
  /**
   * The facets of `expects` that volumes of these `volumeOptions` lack: `describe` has to say so with a reason, or `concerns` for `mounts`.
   * They are not tested further. One that a volume lacks and that is not named here fails.
   */
  readonly without?: readonly FacetName[]
  /** Makes a fresh subject; called once a test. */
  readonly open: () => Promise<SuiteSubject>
  /** The options of each volume, as a user would write them. */
  readonly volumeOptions?: Readonly<Record<string, string>>
  /** The size in bytes that `resizing` is tested with, above that of a new volume; twice that unless told, or 64 MiB where it has none. */
  readonly resizeBytes?: number
  /**
   * Whether the limit that `usage` tells stops this process; true unless told. Limits up to 128 MiB are tested by writing. Say false where
   * whoever runs the suite passes limits, as CAP_SYS_RESOURCE does with a project quota of ext4.
   */
  readonly limitsHold?: boolean
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
  /**
   * What the driver has made outside the home and not removed again, in words; asked when every volume is gone. The suite itself sees
   * files, mounts, loop devices and subvolumes of the home.
   */
  leftovers?(): Promise<readonly string[]>
}

/** The facets that the volumes under test have. */
export function heldFacets({ expects, without = [] }: DriverSuiteOptions): FacetName[] {
  return expects.filter((facet) => !without.includes(facet))
}

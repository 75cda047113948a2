import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Driver, DriverDefinition, FacetName } from '../../src/driver.js'
import { facetNames } from '../../src/driver.js'
import { type DriverSuiteOptions, type MemoryDriverOptions, memoryDriver, testVolumeDriver } from '../../src/testing.js'

/** One way to get a driver wrong: what of a good one is replaced, and which test of the suite is meant to see it. */
export interface Sabotage {
  readonly title: string
  /** The beginning of the title of the test that has to fail. */
  readonly by: string
  /** Whether other tests see it as well. */
  readonly alsoElsewhere?: boolean
  /** What the good driver has. */
  readonly memory?: MemoryDriverOptions
  /** What the suite is told, when it is not what the driver has. */
  readonly suite?: Partial<DriverSuiteOptions>
  readonly definition?: Partial<DriverDefinition>
  spoil?(good: Driver, home: string): Partial<Driver>
}

/**
 * Runs the suite on a spoilt driver, in a runner of our own.
 *
 * @param isRun which tests to run, by title; all unless told
 * @returns the titles of the tests that failed
 */
export async function failuresOf(
  sabotage: Omit<Sabotage, 'by' | 'title'>,
  isRun: (title: string) => boolean = () => true,
): Promise<string[]> {
  const { memory = {}, suite = {} } = sabotage
  const tests: { title: string; body: () => Promise<void> }[] = []
  const facets = new Set<FacetName>(memory.facets ?? [])
  if (memory.mounts !== undefined) facets.add('mounts')
  testVolumeDriver({
    runner: { describe: (_, body) => body(), it: (title, body) => tests.push({ title, body }) },
    expects: facetNames.filter((facet) => facets.has(facet)),
    open: () => spoiltSubject(memory, sabotage.definition ?? {}, sabotage.spoil ?? (() => ({}))),
    ...suite,
  })
  const failures: string[] = []
  for (const { title, body } of tests.filter((test) => isRun(test.title))) {
    await body().catch(() => failures.push(title))
  }
  return failures
}

async function spoiltSubject(
  memory: MemoryDriverOptions,
  parts: Partial<DriverDefinition>,
  spoil: NonNullable<Sabotage['spoil']>,
) {
  const home = await mkdtemp(join(tmpdir(), 'pouch-volume-core-'))
  const good = memoryDriver(memory)
  const definition: DriverDefinition = {
    ...good,
    ...parts,
    open: async (host) => {
      const driver = await good.open(host)
      return { ...bound(driver), ...spoil(driver, home) }
    },
  }
  const file = join(home, 'memory', 'blocked')
  const obstruct = async () => {
    await writeFile(file, 'in the way')
    return () => rm(file)
  }
  return { definition, home, obstruct, dispose: () => rm(home, { recursive: true, force: true }) }
}

/** An object's own copy of a driver or a facet: its methods work without it, so that some of them can be replaced. */
export function bound<T extends object>(good: T): T {
  const out: Record<string, unknown> = {}
  for (let each: object = good; each !== Object.prototype; each = Object.getPrototypeOf(each) as object) {
    for (const key of Object.getOwnPropertyNames(each)) {
      const value: unknown = Reflect.get(good, key)
      if (key === 'constructor' || key in out) continue
      out[key] = typeof value === 'function' ? (value.bind(good) as unknown) : value
    }
  }
  return out as T
}

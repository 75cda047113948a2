import { basicChecks } from './basic-checks.js'
import type { DriverCheck } from './check.js'
import { DriverSubject } from './driver-subject.js'
import { EngineStage, engineChecks } from './engine-checks.js'
import { mountChecks } from './mount-checks.js'
import type { DriverSuiteOptions } from './suite-options.js'

/**
 * Declares the tests that every volume driver passes: each mutating call repeated, references, odd names, aborts, many calls at a time,
 * a restart, and what is left on the host; on the driver itself and under an engine.
 *
 * Every test gets a subject of its own from `open`, and its `dispose` is called whatever happens. Needs no test runner but the
 * one that is passed in: vitest, node:test, or one like them.
 */
export function testVolumeDriver(options: DriverSuiteOptions): void {
  const { describe, it } = options.runner
  describe(`volume driver ${options.name ?? ''}`.trim(), () => {
    for (const check of basicChecks) it(check.title, () => runOnDriver(check, options))
    if (options.expects.includes('mounts')) {
      for (const check of mountChecks) it(check.title, () => runOnDriver(check, options))
    }
    for (const check of engineChecks) it(`under an engine: ${check.title}`, () => EngineStage.run(check, options))
  })
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

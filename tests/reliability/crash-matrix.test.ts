import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../crash/random.js'
import { buildVictim } from './build-victim.js'
import { type CrashCase, crashCases } from './crash-cases.js'
import { expectedSteps } from './expected-steps.js'
import { inParallel } from './in-parallel.js'
import { acknowledgedBy, killAt, killAtEachStep } from './kill-each-step.js'
import { killRecoveries } from './kill-recovery.js'
import type { VictimProgram } from './victim-program.js'
import type { VictimReport } from './victim-task.js'

const seed = Number(process.env.POUCH_TEST_SEED ?? Date.now() % 1_000_000)
/** How many steps below the drivers are killed, and how many recoveries; the steps of store and drivers are all killed. */
const systemKills = Number(process.env.POUCH_TEST_SYSTEM_KILLS ?? 36)
const recoveryKills = Number(process.env.POUCH_TEST_RECOVERY_KILLS ?? 12)

const cases = Object.entries(crashCases).flatMap(([what, list]) =>
  list.map((each: CrashCase) => ({ ...each, title: `${what}: ${each.title}` })),
)
const random = new SeededRandom(seed)

describe(`a process that is killed at any step of an operation (seed ${seed})`, () => {
  let program: VictimProgram
  const killed = { calls: 0, system: 0, recovery: 0 }
  let acknowledged = 0
  const covered = new Set<string>()

  beforeAll(async () => {
    program = await buildVictim()
  })
  afterAll(() => {
    program?.remove()
    const total = killed.calls + killed.system + killed.recovery
    process.stdout.write(
      `seed ${seed}: ${total} kills (${killed.calls} around writes and calls of drivers, ${killed.system} below, ` +
        `${killed.recovery} of recoveries), ${acknowledged} acknowledged operations: 0 lost, 0 orphans\n`,
    )
  })

  async function killBelow(each: CrashCase, point: number): Promise<VictimReport> {
    const report = await killAt(program, each, 'system', point)
    acknowledged += acknowledgedBy(each, report)
    return report
  }

  describe('around every write of the store and every call of a driver', () => {
    it.each(cases)('$title', { timeout: 300_000 }, async (each) => {
      const reports = await killAtEachStep(program, each)
      killed.calls += reports.length
      for (const report of reports) acknowledged += acknowledgedBy(each, report)
      for (const step of expectedSteps[each.title] ?? []) covered.add(step.replace(/^(?!store)[a-z]+\./, ''))
    })
  })

  it('has killed every kind of step that there is', () => {
    const calls = ['create', 'remove', 'mounts.mount', 'mounts.unmount', 'resizing.resize', 'renaming.rename']
    const snapshots = ['snapshots.create', 'snapshots.remove', 'snapshots.restore', 'cloning.clone']
    expect([...covered]).toEqual(expect.arrayContaining([...calls, ...snapshots]))
    const intents = ['resize', 'restore', 'rename', 'copy', 'leave', 'arrive'].map((kind) => `pending ${kind}`)
    const fillings = ['filling from import', 'filling from clone']
    const written = [...covered].join('\n')
    for (const state of [...intents, ...fillings, 'creating', 'removing', 'mounting', 'unmounting']) {
      expect(written).toContain(state)
    }
    expect(killed.calls).toBeGreaterThanOrEqual(200)
  })

  it('at steps below the drivers, of files, mounts and programs', { timeout: 600_000 }, async () => {
    const perCase = 6
    const chosen = Array.from({ length: Math.ceil(systemKills / perCase) }, () => random.pick(cases) ?? cases[0])
    await inParallel(chosen, async (each) => {
      if (each === undefined) return
      const { points } = await killBelow(each, 0)
      const picked = Array.from({ length: Math.min(perCase, points) }, () => random.between(1, points))
      for (const point of picked) {
        await killBelow(each, point)
        killed.system += 1
      }
    })
  })

  it('at steps of the recovery from a kill', { timeout: 600_000 }, async () => {
    killed.recovery += await killRecoveries(program, cases, random, recoveryKills)
  })
})

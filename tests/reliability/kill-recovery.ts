import type { SeededRandom } from '../crash/random.js'
import type { CrashCase } from './crash-cases.js'
import { allowedStates, expectWhole, onHome } from './crash-check.js'
import { expectedSteps } from './expected-steps.js'
import { inParallel } from './in-parallel.js'
import { isDone, runCase } from './kill-each-step.js'
import { anywhere, type Place } from './place.js'
import type { VictimProgram } from './victim-program.js'

/** A recovery that has something to do takes a few steps; one that is let go to its end is one too. */
export const recoveryPoints = 4

/**
 * Kills cases at one of their steps, and the recovery from that at one of its own; then looks at what is left.
 *
 * @param count how many recoveries; the cases and the steps are chosen by `random`
 * @returns how many kills that were: two a recovery that came to its step, one otherwise
 */
export async function killRecoveries(
  program: VictimProgram,
  cases: readonly CrashCase[],
  random: SeededRandom,
  count: number,
  place: Place = anywhere,
): Promise<number> {
  // Chosen before any of it runs, so that a seed always chooses the same.
  const chosen = Array.from({ length: count }, () => {
    const each = random.pick(cases)
    const steps = expectedSteps[each?.title ?? ''] ?? []
    return { each, first: random.between(1, 2 * steps.length), second: random.between(1, recoveryPoints) }
  })
  const kills = await inParallel(chosen, async ({ each, first, second }) => {
    if (each === undefined) return 0
    return await onHome(async (home) => {
      const report = await runCase(program, each, { home, killAt: first })
      const again = await program.run({ home, killAt: second, isArmedAtOpen: true })
      const at = `${each.title}, ${report.killedAt}, then ${again.killedAt ?? 'recovered'}`
      await expectWhole(home, allowedStates(each, isDone(report)), at, place)
      return again.killedAt === undefined ? 1 : 2
    }, place)
  })
  return kills.reduce((sum: number, each) => sum + each, 0)
}

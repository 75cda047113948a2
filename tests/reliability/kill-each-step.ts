import assert from 'node:assert/strict'
import type { CrashCase } from './crash-cases.js'
import { allowedStates, expectWhole, onHome } from './crash-check.js'
import { expectedSteps } from './expected-steps.js'
import type { FaultLayer } from './faults/fault-plan.js'
import { inParallel } from './in-parallel.js'
import { anywhere, type Place } from './place.js'
import type { VictimProgram } from './victim-program.js'
import type { VictimReport, VictimTask } from './victim-task.js'

/** Kills a case before and after each of its steps, and right after its acknowledgement. @returns what each of the victims told */
export async function killAtEachStep(
  program: VictimProgram,
  each: CrashCase,
  place: Place = anywhere,
): Promise<VictimReport[]> {
  const steps = expectedSteps[each.title] ?? []
  const wanted = [...steps.flatMap((step) => [`before ${step}`, `after ${step}`]), 'after the acknowledgement']
  const points = wanted.map((_, index) => index + 1)
  const reports = await inParallel(points, (point) => killAt(program, each, 'calls', point, place))
  const killed = reports.map(({ killedAt }) => killedAt)
  // A call of a driver that writes to its part of the store ends after these writes.
  assert.deepEqual(killed.sort(), wanted.sort(), `${each.title}: where it was killed`)
  assert.deepEqual(reports.at(-1)?.steps, steps, `${each.title}: its steps`)
  return reports
}

/** Kills a case at a point, or right after its acknowledgement where it never comes to the point, and looks at what is left. */
export async function killAt(
  program: VictimProgram,
  each: CrashCase,
  layer: FaultLayer,
  point: number,
  place: Place = anywhere,
): Promise<VictimReport> {
  return await onHome(async (home) => {
    const report = await runCase(program, each, { home, layer, killAt: point, isKilledAtEnd: true })
    const at = `${each.title}, ${report.killedAt}, ${layer} ${point}`
    await expectWhole(home, allowedStates(each, isDone(report)), at, place)
    return report
  }, place)
}

/** Runs a case in a victim. @throws when an operation was refused */
export async function runCase(
  program: VictimProgram,
  { title, prepare, run }: CrashCase,
  task: Partial<VictimTask> & { readonly home: string },
): Promise<VictimReport> {
  const report = await program.run({ prepare, run: [run], ...task })
  assert.deepEqual(
    report.outcomes.filter(({ code }) => code !== 'ok'),
    [],
    title,
  )
  return report
}

/** Whether the operation of a case was acknowledged before the victim died. */
export const isDone = ({ outcomes }: Pick<VictimReport, 'outcomes'>): boolean => outcomes.length > 0

/** How many operations of a case were acknowledged. */
export function acknowledgedBy({ prepare }: CrashCase, report: VictimReport): number {
  return prepare.length + (isDone(report) ? 1 : 0)
}

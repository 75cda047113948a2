/**
 * A process that is killed with many homes open, each of which was stopped after another step. To start a process takes seconds in the VM.
 * One argument, tasks in JSON; tells where each home was, a line of JSON each. The first one of a case is that of its whole operation.
 */
import { mkdirSync, mkdtempSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { engineActor } from '../carry-out.js'
import { FaultPlan } from '../faults/fault-plan.js'
import { inParallel } from '../in-parallel.js'
import type { Operation } from '../operation.js'
import { openSubject, type Subject } from '../subject.js'
import type { GroupTask, HeldHome } from '../victim-group-task.js'

/** Whatever nobody waits for would be collected, and its files closed. */
const alive: (Subject | Promise<unknown>)[] = []
const tasks = JSON.parse(process.argv[2] ?? '') as GroupTask[]
for (const task of tasks) {
  const whole = await held(task, 0)
  tell(whole)
  // Before the first step, and after each; what comes after one is what comes before the next.
  const isChosen = (point: string, index: number) => index === 0 || point.startsWith('after')
  const chosen = whole.points.flatMap((point, index) => (isChosen(point, index) ? [index + 1] : []))
  await inParallel(chosen, async (point) => tell(await held(task, point)))
  await inParallel(task.opened, async (index) => tell(await held(task, chosen[index % chosen.length] ?? 1, true)))
}
process.kill(process.pid, 'SIGKILL')

/** Brings a home of its own to a point, and leaves it there. */
async function held(
  { title, folder, prepare, run }: GroupTask,
  killAt: number,
  isForRecovery = false,
): Promise<HeldHome> {
  const home = isForRecovery ? mkdtempSync(join(folder, 'recovery-')) : join(folder, `home-${killAt}`)
  mkdirSync(home, { recursive: true })
  let stop: (point: string) => void = () => undefined
  const stopped = new Promise<string>((resolve) => {
    stop = resolve
  })
  const die = (point: string): Promise<never> => {
    stop(point)
    return new Promise<never>(() => undefined)
  }
  const plan = new FaultPlan({ layer: 'calls', killAt, die })
  const subject = await openSubject(home, plan)
  alive.push(subject)
  const { engine } = subject
  const act = engineActor(engine.volumes)
  const carryOut = async (operation: Operation) => {
    const { code, value } = await act(operation)
    if (code !== 'ok') throw new Error(`${JSON.stringify(operation)}: ${code} ${String(value)}`)
  }
  for (const operation of prepare) await carryOut(operation)
  plan.arm()
  const done = carryOut(run).then(() => undefined)
  alive.push(done)
  const point = await Promise.race([stopped, done])
  const { steps, points } = plan
  return {
    title,
    home,
    point: point ?? 'after the acknowledgement',
    isAcknowledged: point === undefined,
    isForRecovery,
    steps,
    points,
  }
}

/** Synchronous: what was told before was told, whatever happens next. */
function tell(home: HeldHome): void {
  writeSync(1, `${JSON.stringify(home)}\n`)
}

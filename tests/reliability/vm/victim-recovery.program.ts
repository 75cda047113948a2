/**
 * A process that is killed while it opens many homes, each of which was stopped at another step of its recovery. One argument, tasks in JSON;
 * tells where each was, a line of JSON each.
 */
import { writeSync } from 'node:fs'
import { FaultPlan } from '../faults/fault-plan.js'
import { inParallel } from '../in-parallel.js'
import { openSubject } from '../subject.js'
import type { HeldRecovery, RecoveryTask } from '../victim-group-task.js'

/** Whatever nobody waits for would be collected, and its files closed. */
const alive: Promise<unknown>[] = []
const tasks = JSON.parse(process.argv[2] ?? '') as RecoveryTask[]
await inParallel(tasks, async (task) => {
  const held: HeldRecovery = { home: task.home, point: await stopped(task) }
  writeSync(1, `${JSON.stringify(held)}\n`)
})
process.kill(process.pid, 'SIGKILL')

/** Opens a home until it comes to a point. */
async function stopped({ home, killAt }: RecoveryTask): Promise<string | undefined> {
  return await new Promise<string | undefined>((resolve, reject) => {
    const die = (point: string): Promise<never> => {
      resolve(point)
      return new Promise<never>(() => undefined)
    }
    const plan = new FaultPlan({ layer: 'calls', killAt, die })
    plan.arm()
    alive.push(openSubject(home, plan).then((subject) => [subject, resolve(undefined)], reject))
  })
}

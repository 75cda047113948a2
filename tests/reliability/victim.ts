/** The process that is killed. One argument, a task in JSON; tells what happens on standard output, a line of JSON each. */
import { writeSync } from 'node:fs'
import { engineActor } from './carry-out.js'
import { FaultPlan } from './faults/fault-plan.js'
import { makeSystemFaulty } from './faults/faulty-system.js'
import { underLoad } from './load.js'
import { openSubject } from './subject.js'
import type { VictimEvent, VictimTask } from './victim-task.js'

const task = JSON.parse(process.argv[2] ?? '') as VictimTask
const plan = new FaultPlan({ layer: task.layer, killAt: task.killAt, die })

if (task.layer === 'system') await makeSystemFaulty(plan, import.meta.url)
if (task.isArmedAtOpen) plan.arm()
const { engine, close } = await openSubject(task.home, plan)
const act = engineActor(engine.volumes)
for (const operation of task.prepare) {
  const { code, value } = await act(operation)
  if (code !== 'ok') throw new Error(`to prepare, ${JSON.stringify(operation)}: ${code} ${String(value)}`)
}
plan.arm()
tell({ event: 'begun' })
if (task.load !== undefined) await underLoad(act, task.load, tell)
for (const operation of task.run) {
  const outcome = await act(operation)
  tell({ event: 'acknowledged', outcome })
}
tell({ event: 'passed', points: plan.passed, steps: plan.steps })
if (task.isKilledAtEnd) die('after the acknowledgement')
await close()

/** Synchronous: what was told before was told, whatever happens next. */
function tell(event: VictimEvent): void {
  writeSync(1, `${JSON.stringify(event)}\n`)
}

function die(point: string): undefined {
  tell({ event: 'killed', point })
  process.kill(process.pid, 'SIGKILL')
  // The signal ends all threads; this one waits for it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

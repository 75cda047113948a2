import { writeFileSync } from 'node:fs'
import { FaultPlan } from '../faults/fault-plan.js'

/** Where the program writes at which point it died. Given by the test alone: this module is in no package. */
const report = process.env.POUCH_TEST_FAULT_REPORT ?? ''

/** The point of its start at which a process dies; 0 for none. */
const killAt = Number(process.env.POUCH_TEST_FAULT_AT ?? 0)

/** The plan of this process; the test arms it by a message, or from the start on. */
export const plan = new FaultPlan({
  layer: 'calls',
  killAt,
  die: (point) => {
    writeFileSync(report, point)
    process.kill(process.pid, 'SIGKILL')
    return new Promise<never>(() => undefined)
  },
})

if (killAt > 0) plan.arm()

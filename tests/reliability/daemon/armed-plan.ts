import { writeFileSync } from 'node:fs'
import { FaultPlan } from '../faults/fault-plan.js'

/** Where the program writes at which point it died. Given by the test alone: this module is in no package. */
const report = process.env.POUCH_TEST_FAULT_REPORT ?? ''

/** The plan of this process; the test arms it by a message. */
export const plan = new FaultPlan({
  layer: 'calls',
  killAt: 0,
  die: (point) => {
    writeFileSync(report, point)
    process.kill(process.pid, 'SIGKILL')
    return new Promise<never>(() => undefined)
  },
})

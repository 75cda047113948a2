// A reporter of vitest: the errors that belong to no test. They make a run fail, and the JSON report has none of them.
import { writeFileSync } from 'node:fs'

export default class StrayErrors {
  onTestRunEnd(_modules, errors, reason) {
    const file = process.env.POUCH_STRAY_ERRORS
    if (file === undefined || reason === 'passed') return
    const messages = errors.map((error) => error.stack ?? error.message ?? String(error))
    writeFileSync(file, JSON.stringify(reason === 'interrupted' ? [...messages, 'the run was interrupted'] : messages))
  }
}

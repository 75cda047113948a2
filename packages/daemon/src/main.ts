import { PouchError } from '@pouch/errors'
import { runService } from '@pouch/service'
import { startDaemon } from './daemon.js'
import { helpText, parseInvocation } from './flags.js'
import { createLog } from './log.js'
import type { Settings } from './settings.js'
import type { TaskReport } from './store-tasks/task-report.js'
import { daemonVersion } from './version.js'

/**
 * The program `pouchd`: reads the command line, runs the daemon until SIGTERM or SIGINT, and ends the process.
 *
 * @param argv as `process.argv`
 */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    const invocation = parseInvocation(argv.slice(2))
    if (invocation.kind === 'help') process.stdout.write(helpText())
    else if (invocation.kind === 'version') process.stdout.write(`pouchd ${daemonVersion}\n`)
    else if (invocation.kind === 'run') await run(invocation.settings)
    else tell(await (await import('./store-tasks/do-task.js')).doTask(invocation))
  } catch (thrown) {
    process.stderr.write(`pouchd: ${PouchError.from(thrown).message}\n`)
    process.exitCode = 1
  }
}

function tell({ isWell, lines }: TaskReport): void {
  process.stdout.write(`${lines.join('\n')}\n`)
  if (!isWell) process.exitCode = 2
}

async function run(settings: Settings): Promise<void> {
  const log = createLog(settings.logLevel)
  await runService({ name: 'pouchd', whatStays: 'containers keep running', log }, async () => {
    const daemon = await startDaemon(settings, log)
    return { facts: { addresses: daemon.addresses, version: daemonVersion }, close: () => daemon.close() }
  })
}

import { constants } from 'node:os'
import { PouchError } from '@pouch/errors'
import type { Logger } from 'pino'
import { type Daemon, startDaemon } from './daemon.js'
import { helpText, parseInvocation } from './flags.js'
import { createLog } from './log.js'
import { ServiceNotifier } from './notify.js'
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
  // What containers and volumes leave on disk is to have the permissions that it is given, whatever shell started this.
  process.umask(0o022)
  dieOnBugs(log)
  const notifier = new ServiceNotifier(process.env, log)
  const stopAsked = firstSignal(log)
  const daemon = await startDaemon(settings, log)
  log.info({ addresses: daemon.addresses, version: daemonVersion }, 'pouchd is ready')
  await notifier.ready()
  const signal = await stopAsked
  log.info({ signal }, 'pouchd is stopping; containers keep running')
  await notifier.stopping()
  await stop(daemon, log)
}

async function stop(daemon: Daemon, log: Logger): Promise<void> {
  try {
    await daemon.close()
    log.info({}, 'pouchd has stopped')
  } catch (error) {
    log.error({ err: error }, 'pouchd could not stop in order')
    process.exitCode = 1
  }
  // A timer or a socket that was forgotten must not keep the process.
  process.exit()
}

/** Resolves with the first signal that asks to stop. The second one ends the process at once. */
function firstSignal(log: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false
    const onSignal = (signal: NodeJS.Signals) => {
      if (asked) {
        log.warn({ signal }, 'asked to stop again: pouchd ends at once')
        process.exit(128 + constants.signals[signal])
      }
      asked = true
      resolve(signal)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}

// State is durable before it is acknowledged: to end is always safe, to go on after an unknown failure is not.
function dieOnBugs(log: Logger): void {
  const die = (error: unknown) => {
    log.fatal({ err: error }, 'pouchd ends: an error that nothing expected')
    process.exit(70)
  }
  process.on('uncaughtException', die)
  process.on('unhandledRejection', die)
}

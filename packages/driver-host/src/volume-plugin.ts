import { constants } from 'node:os'
import { PouchError } from '@pouch/errors'
import { destination, type Logger, pino } from 'pino'
import { helpText, type PluginSettings, parseInvocation } from './invocation.js'
import { notifyService } from './service-notice.js'
import { startPlugin } from './start-plugin.js'
import { hostVersion } from './version.js'

/**
 * The program `pouch-volume-plugin`: reads the command line, serves the driver until SIGTERM or SIGINT, and ends the process.
 *
 * @param argv as `process.argv`
 */
export async function runVolumePlugin(argv: readonly string[]): Promise<void> {
  try {
    const invocation = parseInvocation(argv.slice(2))
    if (invocation.kind === 'help') process.stdout.write(helpText())
    else if (invocation.kind === 'version') process.stdout.write(`pouch-volume-plugin ${hostVersion}\n`)
    else await run(invocation.settings)
  } catch (thrown) {
    process.stderr.write(`pouch-volume-plugin: ${PouchError.from(thrown).message}\n`)
    process.exitCode = 1
  }
}

async function run(settings: PluginSettings): Promise<void> {
  const { name, driver, logLevel } = settings
  const log = pino({ level: logLevel, base: { pid: process.pid, plugin: name } }, destination({ fd: 2, sync: true }))
  // What volumes leave on disk is to have the permissions that it is given, whatever shell started this.
  process.umask(0o022)
  dieOnBugs(log)
  const stopAsked = firstSignal(log)
  const plugin = await startPlugin(settings, log)
  log.info({ driver, socket: plugin.socket, version: hostVersion }, 'the volume plugin is ready')
  await notifyService('READY=1', log)
  log.info({ signal: await stopAsked }, 'the volume plugin is stopping; what containers have mounted stays')
  await notifyService('STOPPING=1', log)
  try {
    await plugin.close()
    log.info({}, 'the volume plugin has stopped')
  } catch (error) {
    log.error({ err: error }, 'the volume plugin could not stop in order')
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
        log.warn({ signal }, 'asked to stop again: the volume plugin ends at once')
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
    log.fatal({ err: error }, 'the volume plugin ends: an error that nothing expected')
    process.exit(70)
  }
  process.on('uncaughtException', die)
  process.on('unhandledRejection', die)
}

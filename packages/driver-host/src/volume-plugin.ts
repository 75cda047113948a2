import { PouchError } from '@pouch/errors'
import { inheritedSocket, runService } from '@pouch/service'
import { destination, pino } from 'pino'
import { helpText, type PluginSettings, parseInvocation } from './invocation.js'
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
  const whatStays = 'what containers have mounted stays'
  const fd = inheritedSocket(process.env, process.pid)
  await runService({ name: 'the volume plugin', whatStays, log }, async () => {
    const plugin = await startPlugin(settings, log, fd)
    return { facts: { driver, socket: plugin.socket, version: hostVersion }, close: () => plugin.close() }
  })
}

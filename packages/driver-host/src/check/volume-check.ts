import { PouchError } from '@pouch/errors'
import { hostVersion } from '../version.js'
import type { CheckResult } from './check.js'
import { checkHelp, parseCheckInvocation } from './check-invocation.js'
import { checkPlugin, type PluginReport } from './check-plugin.js'

/**
 * The program `pouch-volume-check`: checks a Docker volume plugin and says what its author has to change.
 *
 * @param argv as `process.argv`
 */
export async function runVolumeCheck(argv: readonly string[]): Promise<void> {
  try {
    process.exitCode = await run(argv.slice(2))
  } catch (thrown) {
    process.stderr.write(`pouch-volume-check: ${PouchError.from(thrown).message}\n`)
    process.exitCode = 2
  }
}

async function run(args: readonly string[]): Promise<number> {
  const invocation = parseCheckInvocation(args)
  if (invocation.kind === 'help') return say(checkHelp)
  if (invocation.kind === 'version') return say(`pouch-volume-check ${hostVersion}\n`)
  const { kind: _, isJson, namePrefix, ...options } = invocation
  const tell = isJson ? tellAsJson : tellInWords
  if (!isJson) say(`Checking the volume plugin at ${options.socket}\n\n`)
  const report = await checkPlugin({
    ...options,
    ...(namePrefix === undefined ? {} : { namePrefix }),
    onResult: (result) => void say(tell(result)),
  })
  say(isJson ? `${JSON.stringify(summaryOf(report))}\n` : `\n${summaryInWords(report)}\n`)
  return summaryOf(report).failed === 0 ? 0 : 1
}

function tellAsJson({ title, isPassed, message, advice }: CheckResult): string {
  return `${JSON.stringify({ title, passed: isPassed, message, advice })}\n`
}

function tellInWords({ title, isPassed, message = '', advice = '' }: CheckResult): string {
  if (isPassed) return `  ok    ${title}\n`
  const seen = message.split('\n').map((line) => `        ${line}\n`)
  return `  FAIL  ${title}\n${seen.join('')}        What to do: ${advice}\n`
}

function summaryOf({ results, notRun }: PluginReport) {
  const failed = results.filter(({ isPassed }) => !isPassed).length
  return { checks: results.length + notRun, passed: results.length - failed, failed, notRun }
}

function summaryInWords(report: PluginReport): string {
  const { checks, passed, failed, notRun } = summaryOf(report)
  const gone = notRun === 0 ? '' : `, ${notRun} not run: the plugin does not answer any more`
  return failed === 0 ? `All ${checks} checks passed.` : `${checks} checks: ${passed} passed, ${failed} failed${gone}.`
}

function say(text: string): 0 {
  process.stdout.write(text)
  return 0
}

import { randomBytes } from 'node:crypto'
import { PouchError } from '@pouch/errors'
import type { CheckResult, PluginCheck } from './check.js'
import { PluginWire } from './plugin-wire.js'
import { suiteChecks } from './suite-checks.js'
import { wireChecks } from './wire-checks.js'

/** Options of {@link checkPlugin}. */
export interface PluginCheckOptions {
  /** The plugin's unix socket. */
  readonly socket: string
  /** The options of each volume that is made. */
  readonly options?: Readonly<Record<string, string>>
  /** What the name of each volume that is made begins with; random unless told. */
  readonly namePrefix?: string
  /** Milliseconds that one call may take; 30,000 unless told. */
  readonly timeoutMs?: number
  /** Whether volumes keep their data while nobody has them mounted; true unless told. */
  readonly isDurable?: boolean
  /** Run only the checks whose titles have this text. */
  readonly only?: string
  /** Told of each check as it ends. */
  readonly onResult?: (result: CheckResult) => void
}

/** What came of it. */
export interface PluginReport {
  readonly results: readonly CheckResult[]
  /** Checks that were not run, for the plugin had stopped answering. */
  readonly notRun: number
}

/**
 * Checks a Docker volume plugin, written in whatever language, over its socket: the protocol as dockerd speaks it, and then the suite of
 * every Pouch driver. Volumes of a prefix of their own are made and removed; others are left alone.
 *
 * @throws PouchError `unavailable` when there is no plugin on the socket
 */
export async function checkPlugin(options: PluginCheckOptions): Promise<PluginReport> {
  const { socket, timeoutMs = 30_000, isDurable = true, only = '', onResult = () => undefined } = options
  const volumeOptions = options.options ?? {}
  const prefix = options.namePrefix ?? `pouch-check-${randomBytes(3).toString('hex')}-`
  const wire = new PluginWire(socket, timeoutMs)
  await wire.call('/Plugin.Activate')
  const every = [
    ...wireChecks(wire, prefix, volumeOptions),
    ...suiteChecks({ socket, prefix, options: volumeOptions, timeoutMs, isDurable }),
  ]
  const checks = [...every.filter(({ title }) => title.includes(only)), nothingLeft(wire, prefix)]
  const results: CheckResult[] = []
  for (const check of checks) {
    const result = await resultOf(check)
    results.push(result)
    onResult(result)
    // A plugin that is gone would fail every check, each after a long wait.
    if (!result.isPassed && !(await isAlive(wire))) break
  }
  return { results, notRun: checks.length - results.length }
}

/** The last check: what is left now was refused when it was to be removed. */
function nothingLeft(wire: PluginWire, prefix: string): PluginCheck {
  return {
    title: 'lets every volume be removed in the end',
    advice: 'A volume that nobody has mounted can be removed, whatever happened to it before. Remove these by hand.',
    run: async () => {
      const { json } = await wire.call('List', {})
      const volumes = (json?.Volumes ?? []) as readonly { readonly Name?: unknown }[]
      const left = volumes.map(({ Name }) => String(Name)).filter((name) => name.startsWith(prefix))
      const refused = []
      for (const name of left) {
        const { error } = await wire.call('Remove', { Name: name })
        if (error !== '') refused.push(`${name} (${error})`)
      }
      if (refused.length > 0) throw new PouchError('in-use', `these cannot be removed: ${refused.join(', ')}`)
    },
  }
}

async function resultOf({ title, advice, run }: PluginCheck): Promise<CheckResult> {
  try {
    await run()
    return { title, isPassed: true, message: undefined, advice: undefined }
  } catch (error) {
    return { title, isPassed: false, message: wordsOf(error), advice }
  }
}

/** An assertion's message, with what it compared when it is short; not the picture that it draws. */
function wordsOf(error: unknown): string {
  const { message } = PouchError.from(error)
  if (!(error instanceof Error) || !('actual' in error)) return message
  const seen = JSON.stringify(error.actual) ?? 'nothing'
  const first = message.split('\n')[0] ?? message
  const isTold = typeof error.actual !== 'string' || error.actual === '' || first.includes(error.actual)
  return isTold || seen.length > 300 ? (message.split('\n\n')[0] ?? message) : `${first}: ${seen}`
}

async function isAlive(wire: PluginWire): Promise<boolean> {
  try {
    await wire.call('/Plugin.Activate')
    return true
  } catch (error) {
    if (PouchError.from(error).code === 'unavailable' || PouchError.from(error).code === 'timeout') return false
    throw error
  }
}

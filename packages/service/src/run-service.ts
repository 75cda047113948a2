import { constants } from 'node:os'
import { serviceNotices } from './service-notices.js'

/** Where a service says what happens to it; pino's loggers fit. */
export interface ServiceLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  fatal(fields: object, message: string): void
}

/** Options of {@link runService}. */
export interface ServiceOptions {
  /** What the log calls it: `pouchd`. */
  readonly name: string
  /** What outlives it, a sentence for the log: `containers keep running`. */
  readonly whatStays: string
  readonly log: ServiceLog
}

/** A service that does its work. */
export interface RunningService {
  /** What the log says of it once it is ready. */
  readonly facts: object
  /** Stops it in order. */
  close(): Promise<void>
}

/**
 * The life of a program that serves: starts it, tells systemd, waits for SIGTERM or SIGINT, stops it and ends the process, with 1 when it
 * could not stop in order. A second signal ends the process at once, and so does an error that nobody caught, with 70. Sets the umask to
 * 022, and takes NOTIFY_SOCKET out of the environment.
 *
 * @param start what it throws is thrown on, and the process lives on
 */
export async function runService(options: ServiceOptions, start: () => Promise<RunningService>): Promise<never> {
  const { name, whatStays, log } = options
  // What it leaves on disk is to have the permissions that it is given, whatever shell started this.
  process.umask(0o022)
  dieOnBugs(options)
  const notify = serviceNotices(process.env, log)
  const stopAsked = firstSignal(options)
  const service = await start()
  log.info(service.facts, `${name} is ready`)
  await notify('READY=1')
  log.info({ signal: await stopAsked }, `${name} is stopping; ${whatStays}`)
  await notify('STOPPING=1')
  try {
    await service.close()
    log.info({}, `${name} has stopped`)
  } catch (error) {
    log.error({ err: error }, `${name} could not stop in order`)
    process.exitCode = 1
  }
  // A timer or a socket that was forgotten must not keep the process.
  process.exit()
}

/** Resolves with the first signal that asks to stop. The second one ends the process at once. */
function firstSignal({ name, log }: ServiceOptions): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false
    const onSignal = (signal: NodeJS.Signals) => {
      if (asked) {
        log.warn({ signal }, `asked to stop again: ${name} ends at once`)
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
function dieOnBugs({ name, log }: ServiceOptions): void {
  const die = (error: unknown) => {
    log.fatal({ err: error }, `${name} ends: an error that nothing expected`)
    process.exit(70)
  }
  process.on('uncaughtException', die)
  process.on('unhandledRejection', die)
}

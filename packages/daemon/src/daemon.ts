import type { Engine } from '@pouch/engine'
import type { Logger } from '@pouch/volume-core'
import { CleanupStack } from './cleanup-stack.js'
import { App } from './http/app.js'
import { createHijackHandler } from './http/hijack.js'
import { formatListenAddress, parseListenAddress } from './listen-address.js'
import { Listener, type ListenerHandlers } from './listener.js'
import { type OpenedEngine, openEngine } from './open-engine.js'
import { writePidfile } from './pidfile.js'
import { bindRoutes } from './routes.js'
import type { Settings } from './settings.js'
import { socketAccess } from './socket-access.js'
import { tlsOf } from './tls-files.js'

const defaultDeadlineMs = 10_000

/** An engine that is served over HTTP. Made by {@link startDaemon}. */
export class Daemon {
  readonly engine: Engine
  /** Where it listens, as `unix:///path` and `tcp://host:port`, with the ports that it got. */
  readonly addresses: readonly string[]
  readonly #shutdown: AbortController
  readonly #cleanup: CleanupStack
  #closed: Promise<void> | undefined

  /** @internal */
  constructor(parts: {
    engine: Engine
    addresses: readonly string[]
    shutdown: AbortController
    cleanup: CleanupStack
  }) {
    this.engine = parts.engine
    this.addresses = parts.addresses
    this.#shutdown = parts.shutdown
    this.#cleanup = parts.cleanup
  }

  /**
   * Takes no more requests, ends streams, lets the other requests in flight end, and lets go of everything. Containers keep
   * running. May be called twice.
   *
   * @param deadlineMs when requests that are still in flight are cut off; 10 s unless told
   */
  close(deadlineMs: number = defaultDeadlineMs): Promise<void> {
    this.#closed ??= this.#close(deadlineMs)
    return this.#closed
  }

  async #close(deadlineMs: number): Promise<void> {
    // Events, logs and attached streams have no end of their own.
    this.#shutdown.abort()
    await this.#cleanup.run(AbortSignal.timeout(deadlineMs))
  }
}

/**
 * Opens an engine by the settings and serves it.
 *
 * @param settings complete, as `parseInvocation` gives them
 * @throws PouchError saying what could not be opened; nothing is left open then
 */
export async function startDaemon(settings: Settings, log: Logger): Promise<Daemon> {
  const cleanup = new CleanupStack()
  const shutdown = new AbortController()
  try {
    const listening = plan(settings, log)
    const opened = await openEngine(settings, log, cleanup)
    const { engine } = opened
    // By now no other daemon has this home, and no client has been answered yet.
    if (settings.pidfile !== undefined) cleanup.push(writePidfile(settings.pidfile))
    const handlers = serve(opened, settings, log, shutdown.signal)
    const addresses = await listening(handlers, cleanup)
    return new Daemon({ engine, addresses, shutdown, cleanup })
  } catch (error) {
    await cleanup.run(AbortSignal.abort()).catch((failure: unknown) => {
      log.error({ err: failure }, 'not everything that was opened could be closed again')
    })
    throw error
  }
}

function serve(opened: OpenedEngine, settings: Settings, log: Logger, shutdown: AbortSignal): ListenerHandlers {
  const { snapshotter, logLevel } = settings
  const { engine, store, home } = opened
  const backup = { store, home, log }
  const routes = bindRoutes({ engine, log, snapshotter, debug: logLevel === 'debug', backup })
  const app = new App({ routes, log, shutdown })
  return {
    request: (request, response) => void app.serve(request, response),
    hijack: createHijackHandler({ engine, log, shutdown }),
  }
}

// Everything that can be wrong with addresses is found before anything is opened.
function plan(settings: Settings, log: Logger) {
  const addresses = settings.listen.map(parseListenAddress)
  const access = socketAccess(settings.group)
  const tls = tlsOf(settings, addresses, log)
  return async (handlers: ListenerHandlers, cleanup: CleanupStack): Promise<readonly string[]> => {
    const shown: string[] = []
    for (const address of addresses) {
      const listener = new Listener(address, { tls }, handlers)
      const actual = await listener.open(access)
      cleanup.push((deadline) => listener.close(deadline))
      shown.push(formatListenAddress(actual))
    }
    return shown
  }
}

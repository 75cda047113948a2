import {
  type DiskUsage,
  type EventMessage,
  encodeFilters,
  type Filters,
  type SystemInfo,
  type SystemVersion,
} from '@pouch/api'
import type { Call, Transport } from './transport.js'

/** Which events are read. Moments are seconds since 1970, with up to nine decimals. */
export interface EventsOptions {
  readonly since?: string
  readonly until?: string
  readonly filters?: Filters
}

/** The daemon itself. Every method throws PouchError. */
export class System {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Whether the daemon answers. @throws PouchError `unavailable` when it does not */
  async ping(call?: Call): Promise<void> {
    await this.#transport.done({ op: 'system.ping', method: 'GET', path: '/_ping', call })
  }

  /** The version of Docker's API that this client and the daemon speak, such as `1.43`. */
  apiVersion(call?: Call): Promise<string> {
    return this.#transport.version(call)
  }

  /** What the daemon is, runs on and can do. */
  info(call?: Call): Promise<SystemInfo> {
    return this.#transport.json({ op: 'system.info', method: 'GET', path: '/info', call })
  }

  /** The versions of the daemon and its parts. */
  version(call?: Call): Promise<SystemVersion> {
    return this.#transport.json({ op: 'system.version', method: 'GET', path: '/version', call })
  }

  /** What takes up space. */
  diskUsage(
    types: readonly ('container' | 'image' | 'volume' | 'build-cache')[] = [],
    call?: Call,
  ): Promise<DiskUsage> {
    return this.#transport.json({ op: 'system.df', method: 'GET', path: '/system/df', query: { type: types }, call })
  }

  /** Follows what happens, from `since` when it is given. Ends at `until`, when the loop is left, or when the signal fires. */
  events(options: EventsOptions = {}, call?: Call): AsyncGenerator<EventMessage> {
    const query = { since: options.since, until: options.until, filters: encodeFilters(options.filters) }
    return this.#transport.lines({ op: 'system.events', method: 'GET', path: '/events', query, call })
  }
}

import {
  encodeFilters,
  type Filters,
  type PouchDriver,
  type PouchDriverList,
  type PouchVolume,
  type PouchVolumeCreateBody,
  type PouchVolumeList,
} from '@pouch/api'
import type { Call, Transport } from './transport.js'

/** What pouchd has and Docker's own daemon lacks. Every method throws PouchError. */
export class PouchRoutes {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Makes a volume, or returns the one that exists with the same driver and options.
   *
   * @throws PouchError `already-exists` when its driver is another, `conflict` naming the options that differ
   */
  createVolume(body: PouchVolumeCreateBody = {}, call?: Call): Promise<PouchVolume> {
    return this.#transport.json({ op: 'volume.create', method: 'POST', path: '/pouch/v1/volumes', body, call })
  }

  /** Lists volumes with who uses them. */
  listVolumes(filters?: Filters, call?: Call): Promise<PouchVolumeList> {
    const query = { filters: encodeFilters(filters) }
    return this.#transport.json({ op: 'volume.list', method: 'GET', path: '/pouch/v1/volumes', query, call })
  }

  /** Shows a volume with who uses it. */
  inspectVolume(name: string, call?: Call): Promise<PouchVolume> {
    const path = '/pouch/v1/volumes/{name}'
    return this.#transport.json({ op: 'volume.inspect', method: 'GET', path, params: { name }, call })
  }

  /** Lists the volume drivers, what they can do and the options that they take. */
  async drivers(call?: Call): Promise<readonly PouchDriver[]> {
    const reply = await this.#transport.json<PouchDriverList>({
      op: 'driver.list',
      method: 'GET',
      path: '/pouch/v1/drivers',
      call,
    })
    return reply.drivers
  }
}

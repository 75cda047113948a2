import type { Readable } from 'node:stream'
import {
  encodeFilters,
  type Filters,
  type PouchDriver,
  type PouchDriverList,
  type PouchUsage,
  type PouchVolume,
  type PouchVolumeCreateBody,
  type PouchVolumeDetails,
  type PouchVolumeList,
  type PouchVolumeUpdateBody,
  type PouchVolumeUsage,
  type PouchVolumeUsageList,
} from '@pouch/api'
import { Archives } from './archives.js'
import { replyStream } from './reply-stream.js'
import { Snapshots } from './snapshots.js'
import type { Call, Transport } from './transport.js'

const all = '/pouch/v1/volumes'
const one = '/pouch/v1/volumes/{name}'

/** What pouchd has and Docker's own daemon lacks. Every method throws PouchError. */
export class PouchRoutes {
  readonly snapshots: Snapshots
  /** The content of volumes: export, import, migrate. */
  readonly archives: Archives
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
    this.snapshots = new Snapshots(transport)
    this.archives = new Archives(transport)
  }

  /**
   * Makes a volume, also from another one (`from`), or returns the one that exists with the same driver and options.
   *
   * @throws PouchError `already-exists` when its driver is another, `conflict` naming the options that differ
   */
  createVolume(body: PouchVolumeCreateBody = {}, call?: Call): Promise<PouchVolume> {
    const unbounded = body.from !== undefined
    return this.#transport.json({ op: 'volume.create', method: 'POST', path: all, body, unbounded, call })
  }

  /** Lists volumes with who uses them. */
  listVolumes(filters?: Filters, call?: Call): Promise<PouchVolumeList> {
    const query = { filters: encodeFilters(filters) }
    return this.#transport.json({ op: 'volume.list', method: 'GET', path: all, query, call })
  }

  /** Shows a volume with who uses it. */
  inspectVolume(name: string, call?: Call): Promise<PouchVolume> {
    return this.#transport.json({ op: 'volume.inspect', method: 'GET', path: one, params: { name }, call })
  }

  /** Shows what a volume is capable of, facts about it, and its snapshots. */
  volumeDetails(name: string, call?: Call): Promise<PouchVolumeDetails> {
    const path = `${one}/details`
    return this.#transport.json({ op: 'volume.details', method: 'GET', path, params: { name }, call })
  }

  /** Changes the labels and the size of a volume. A label that is null is taken away. */
  updateVolume(name: string, body: PouchVolumeUpdateBody, call?: Call): Promise<PouchVolume> {
    const unbounded = body.sizeBytes !== undefined
    const request = {
      op: 'volume.update',
      method: 'PATCH',
      path: one,
      params: { name },
      body,
      unbounded,
      call,
    } as const
    return this.#transport.json(request)
  }

  /** Gives a volume another name. @throws PouchError `in-use` while it is referenced, `unsupported` where its driver cannot */
  renameVolume(name: string, newName: string, call?: Call): Promise<PouchVolume> {
    const request = { params: { name }, body: { name: newName }, unbounded: true, call } as const
    return this.#transport.json({ op: 'volume.rename', method: 'POST', path: `${one}/rename`, ...request })
  }

  /** Tells what a volume takes up. Where no quota counts, its files are. */
  volumeUsage(name: string, call?: Call): Promise<PouchUsage> {
    const request = { path: `${one}/usage`, params: { name }, unbounded: true, call } as const
    return this.#transport.json({ op: 'volume.usage', method: 'GET', ...request })
  }

  /** Tells what volumes take up. One that cannot be measured has an `error` instead, and fails nothing. */
  async volumeUsages(filters?: Filters, call?: Call): Promise<readonly PouchVolumeUsage[]> {
    const query = { filters: encodeFilters(filters) }
    const request = {
      op: 'volume.usage',
      method: 'GET',
      path: '/pouch/v1/usage',
      query,
      unbounded: true,
      call,
    } as const
    return (await this.#transport.json<PouchVolumeUsageList>(request)).volumes
  }

  /** Removes a volume. With `force` it is forgotten also when its driver fails, whose error is thrown all the same. */
  async removeVolume(name: string, options: { readonly force?: boolean } = {}, call?: Call): Promise<void> {
    const query = { force: options.force }
    await this.#transport.done({ op: 'volume.remove', method: 'DELETE', path: one, params: { name }, query, call })
  }

  /** Lists the volume drivers, what they can do, how they are, and the options that they take. */
  async drivers(call?: Call): Promise<readonly PouchDriver[]> {
    const request = { op: 'driver.list', method: 'GET', path: '/pouch/v1/drivers', call } as const
    return (await this.#transport.json<PouchDriverList>(request)).drivers
  }

  /**
   * A whole copy of what the daemon knows of volumes and containers, as of one moment: an SQLite file, which `pouchd --restore` puts in place. It
   * has the options of volumes, secrets among them. A Readable, which is an async iterable too; it ends well only when the copy is whole, and
   * destroying it ends the request.
   *
   * @throws PouchError `unsupported` when the daemon keeps what it knows in memory, `exhausted` when it has no room for the copy
   */
  async backup(call?: Call): Promise<Readable> {
    const request = { op: 'system.backup', method: 'GET', path: '/pouch/v1/backup', call } as const
    const { chunks, stop } = await this.#transport.download(request)
    return replyStream(chunks, stop)
  }
}

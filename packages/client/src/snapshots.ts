import type { PouchSnapshot, PouchSnapshotCreateBody, PouchSnapshotList } from '@pouch/api'
import type { Call, Transport } from './transport.js'

const all = '/pouch/v1/volumes/{name}/snapshots'
const one = '/pouch/v1/volumes/{name}/snapshots/{snapshot}'

/** The snapshots of volumes, which only pouchd has. Every method throws PouchError; `unsupported` says why a volume has none. */
export class Snapshots {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Keeps a volume as it is now. Without a name the snapshot is called after the time.
   *
   * @throws PouchError `in-use` when it would be a copy of what somebody writes into, unless `allowInconsistent` is set
   */
  create(volume: string, body: PouchSnapshotCreateBody = {}, call?: Call): Promise<PouchSnapshot> {
    const params = { name: volume }
    const request = { op: 'snapshot.create', method: 'POST', path: all, params, body, unbounded: true, call } as const
    return this.#transport.json(request)
  }

  /** Lists the snapshots of a volume. */
  async list(volume: string, call?: Call): Promise<readonly PouchSnapshot[]> {
    const request = { op: 'snapshot.list', method: 'GET', path: all, params: { name: volume }, call } as const
    return (await this.#transport.json<PouchSnapshotList>(request)).snapshots
  }

  /** Removes a snapshot. */
  async remove(volume: string, snapshot: string, call?: Call): Promise<void> {
    const params = { name: volume, snapshot }
    await this.#transport.done({ op: 'snapshot.remove', method: 'DELETE', path: one, params, unbounded: true, call })
  }

  /** Makes a volume what it was; the snapshot stays. @throws PouchError `in-use` while the volume is mounted */
  async restore(volume: string, snapshot: string, call?: Call): Promise<void> {
    const params = { name: volume, snapshot }
    const path = `${one}/restore`
    await this.#transport.done({ op: 'snapshot.restore', method: 'POST', path, params, unbounded: true, call })
  }
}

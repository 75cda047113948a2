import {
  encodeFilters,
  type Filters,
  type Volume,
  type VolumeCreateBody,
  type VolumeListResponse,
  type VolumePruneResponse,
} from '@pouch/api'
import type { Call, Transport } from './transport.js'

/** The volumes of a daemon, by Docker's routes. Every method throws PouchError. */
export class Volumes {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Makes a volume. An existing one of the same driver is returned as it is, whatever options were asked for; `pouch.createVolume`
   * refuses that instead.
   */
  create(body: VolumeCreateBody = {}, call?: Call): Promise<Volume> {
    return this.#transport.json({ op: 'volume.create', method: 'POST', path: '/volumes/create', body, call })
  }

  /** Lists volumes. Drivers that could not be asked are in `warnings`. */
  async list(
    filters?: Filters,
    call?: Call,
  ): Promise<{ readonly volumes: readonly Volume[]; readonly warnings: readonly string[] }> {
    const query = { filters: encodeFilters(filters) }
    const reply = await this.#transport.json<VolumeListResponse>({
      op: 'volume.list',
      method: 'GET',
      path: '/volumes',
      query,
      call,
    })
    return { volumes: reply.Volumes ?? [], warnings: reply.Warnings ?? [] }
  }

  /** Shows a volume. */
  inspect(name: string, call?: Call): Promise<Volume> {
    return this.#transport.json({
      op: 'volume.inspect',
      method: 'GET',
      path: '/volumes/{name}',
      params: { name },
      call,
    })
  }

  /** Removes a volume. With `force` a missing one is no error; one in use stays an error. */
  async remove(name: string, options: { readonly force?: boolean } = {}, call?: Call): Promise<void> {
    const query = { force: options.force }
    await this.#transport.done({
      op: 'volume.remove',
      method: 'DELETE',
      path: '/volumes/{name}',
      params: { name },
      query,
      call,
    })
  }

  /**
   * Removes the anonymous volumes that nothing uses; with the filter `all=true` named ones too. The warnings tell why others that are
   * not in use were left.
   */
  async prune(
    filters?: Filters,
    call?: Call,
  ): Promise<{
    readonly removed: readonly string[]
    readonly reclaimedBytes: number
    readonly warnings: readonly string[]
  }> {
    const query = { filters: encodeFilters(filters) }
    const path = '/volumes/prune'
    const reply = await this.#transport.json<VolumePruneResponse>({
      op: 'volume.prune',
      method: 'POST',
      path,
      query,
      call,
    })
    const { VolumesDeleted: removed, SpaceReclaimed: reclaimedBytes, Warnings: warnings = [] } = reply
    return { removed: removed ?? [], reclaimedBytes, warnings }
  }
}

import { PouchError } from '@pouch/errors'
import type { VolumeCall } from './volume.js'
import type { Snapshot, SnapshotCreateRequest } from './volume-requests.js'

export class Snapshots {
  async create(_name: string, _request: SnapshotCreateRequest, _call: VolumeCall): Promise<Snapshot> {
    throw new PouchError('unsupported', 'this is not there yet')
  }

  async list(_name: string, _call: VolumeCall): Promise<Snapshot[]> {
    throw new PouchError('unsupported', 'this is not there yet')
  }

  async remove(_name: string, _snapshot: string, _call: VolumeCall): Promise<void> {
    throw new PouchError('unsupported', 'this is not there yet')
  }

  async restore(_name: string, _snapshot: string, _call: VolumeCall): Promise<void> {
    throw new PouchError('unsupported', 'this is not there yet')
  }
}

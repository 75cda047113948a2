import { PouchError } from '@pouch/errors'
import type { CreateRequest, Volume, VolumeCall } from './volume.js'
import type { CloneSource } from './volume-requests.js'

export class Cloning {
  async create(_request: CreateRequest, _from: CloneSource, _call: VolumeCall): Promise<Volume> {
    throw new PouchError('unsupported', 'this is not there yet')
  }
}

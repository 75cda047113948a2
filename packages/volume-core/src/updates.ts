import { PouchError } from '@pouch/errors'
import type { Volume, VolumeCall } from './volume.js'
import type { UpdateRequest } from './volume-requests.js'

export class Updates {
  async update(_name: string, _request: UpdateRequest, _call: VolumeCall): Promise<Volume> {
    throw new PouchError('unsupported', 'this is not there yet')
  }
}

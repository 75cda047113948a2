import { PouchError } from '@pouch/errors'
import type { Volume, VolumeCall } from './volume.js'
import type { ImportRequest } from './volume-requests.js'

export class Imports {
  async import(_request: ImportRequest, _source: AsyncIterable<Uint8Array>, _call: VolumeCall): Promise<Volume> {
    throw new PouchError('unsupported', 'this is not there yet')
  }
}

import { PouchError } from '@pouch/errors'
import type { VolumeCall } from './volume.js'
import type { ExportRequest, VolumeArchive } from './volume-requests.js'

export class Exports {
  async open(_name: string, _request: ExportRequest, _call: VolumeCall): Promise<VolumeArchive> {
    throw new PouchError('unsupported', 'this is not there yet')
  }
}

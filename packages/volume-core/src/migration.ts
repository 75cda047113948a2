import { PouchError } from '@pouch/errors'
import type { Volume, VolumeCall } from './volume.js'
import type { MigrateRequest } from './volume-requests.js'

export class Migration {
  async migrate(_name: string, _request: MigrateRequest, _call: VolumeCall): Promise<Volume> {
    throw new PouchError('unsupported', 'this is not there yet')
  }
}

import { PouchError } from '@pouch/errors'
import type { Volume, VolumeCall } from './volume.js'

export class Renaming {
  async rename(_name: string, _newName: string, _call: VolumeCall): Promise<Volume> {
    throw new PouchError('unsupported', 'this is not there yet')
  }
}

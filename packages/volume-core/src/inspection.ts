import { PouchError } from '@pouch/errors'
import type { Usage } from './driver.js'
import type { VolumeCall, VolumeFilter } from './volume.js'
import type { VolumeDetails, VolumeUsage } from './volume-requests.js'

export class Inspection {
  async describe(_name: string, _call: VolumeCall): Promise<VolumeDetails> {
    throw new PouchError('unsupported', 'this is not there yet')
  }

  async measure(_name: string, _call: VolumeCall): Promise<Usage> {
    throw new PouchError('unsupported', 'this is not there yet')
  }

  async usages(_filter: VolumeFilter, _call: VolumeCall): Promise<VolumeUsage[]> {
    throw new PouchError('unsupported', 'this is not there yet')
  }
}

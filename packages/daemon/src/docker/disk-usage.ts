import type { DiskUsage } from '@pouch/api'
import type { Engine, VolumeDiskUsage } from '@pouch/engine'
import { PouchError } from '@pouch/errors'
import type { RouteCall } from '../http/route.js'
import { containerSummary } from './container-summary.js'
import { imageSummary } from './image-json.js'
import { volumeJson } from './volume-json.js'

const kinds = ['container', 'image', 'volume', 'build-cache']

/** GET /system/df. */
export async function diskUsage(engine: Engine, { query, signal }: RouteCall): Promise<DiskUsage> {
  const types = query.list('type')
  for (const type of types) {
    if (!kinds.includes(type))
      throw new PouchError('invalid-argument', `unknown object type: ${type}`, { op: 'system.df', subject: type })
  }
  const wants = (kind: string) => types.length === 0 || types.includes(kind)
  const usage = await engine.system.df({ signal })
  const nowMs = Date.now()
  return {
    LayersSize: usage.layersBytes,
    Images: wants('image') ? usage.images.map((image) => imageSummary(image, usage.containers)) : null,
    Containers: wants('container') ? usage.containers.map((container) => containerSummary(container, nowMs)) : null,
    Volumes: wants('volume')
      ? usage.volumes.map((of) => ({ ...volumeJson(of.volume), UsageData: usageData(of) }))
      : null,
    BuildCache: wants('build-cache') ? [] : null,
  }
}

/**
 * Docker leaves out volumes with options and those of plugins, since it cannot measure them; here they are, and -1, as Docker has it, stands for
 * what is not known. Its clients need `UsageData` of every volume.
 */
function usageData({ volume, usage }: VolumeDiskUsage) {
  return { Size: usage?.usedBytes ?? -1, RefCount: new Set(volume.references.map(({ holder }) => holder)).size }
}

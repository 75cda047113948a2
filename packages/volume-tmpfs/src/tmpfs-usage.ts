import { statfs } from 'node:fs/promises'
import type { DriverVolume, Usage } from '@pouch/volume-core/driver'
import { mountSettings } from './mount-settings.js'

/**
 * What a volume takes up in memory, by the counters of its filesystem.
 *
 * @param path where it is mounted; one that is not holds nothing
 */
export async function measure(volume: DriverVolume, path: string | undefined): Promise<Usage> {
  if (path === undefined) return { usedBytes: 0, limitBytes: mountSettings(volume).sizeBytes, source: 'counter' }
  const { blocks, bfree, bsize, files, ffree } = await statfs(path)
  const inodes = files === 0 ? {} : { usedInodes: files - ffree, limitInodes: files }
  return { usedBytes: (blocks - bfree) * bsize, limitBytes: blocks * bsize, ...inodes, source: 'counter' }
}

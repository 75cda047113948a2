import { stat, statfs } from 'node:fs/promises'
import { hasErrno } from '@pouch/errors'
import { findMount } from '@pouch/mount'
import { formatBytes } from '@pouch/units'
import type { Health } from '@pouch/volume-core/driver'
import type { Backings } from './backings.js'

/** Below this much free space the next volumes are likely to fail. */
const scarceBytes = 64 * 1024 * 1024

/** Looks at the root of the volumes: whether it is there, can be written to, and has room. */
export async function checkHealth({ root, support, ids }: Backings): Promise<Health> {
  const { filesystem, best, reasons } = support
  const quota = best === undefined ? 'none' : `${best} (${filesystem})`
  const facts = { directory: root.path, filesystem, quota }
  const missing = await whyMissing(root.path)
  if (missing !== undefined) return { state: 'failed', message: missing, details: facts }
  const { bavail, bsize, blocks } = await statfs(root.path)
  const freeBytes = bavail * bsize
  const details = { ...facts, free: formatBytes(freeBytes) }
  const isBtrfs = best === 'btrfs'
  if (ids.count > 0 && reasons.project !== undefined) {
    const message = `${ids.count} volumes have a project quota that does not hold now: ${reasons.project}`
    return { state: 'degraded', message, details }
  }
  if (blocks > 0 && freeBytes < scarceBytes) {
    const message = `only ${formatBytes(freeBytes)} are free in ${root.path}: remove volumes, or give its filesystem more room`
    return { state: 'degraded', message, details }
  }
  return {
    state: 'healthy',
    details: isBtrfs ? { ...details, df: 'shows the whole filesystem in a limited volume' } : details,
  }
}

async function whyMissing(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isDirectory())
      return `${path} is not a directory any more; move away what is there and start again`
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error
    return `${path} is gone; bring it back (mount its filesystem?), or start again with an empty one`
  }
  const mount = process.platform === 'linux' ? await findMount(path) : undefined
  const isReadOnly = mount?.options.includes('ro') === true || mount?.superOptions.includes('ro') === true
  return isReadOnly ? `${path} is read-only; look into the log of the kernel, and mount it read-write` : undefined
}

import { stat } from 'node:fs/promises'
import { freemem } from 'node:os'
import { hasErrno } from '@pouch/errors'
import { formatBytes } from '@pouch/units'
import type { Health } from '@pouch/volume-core/driver'

/** Looks at the directory of the mount points, and whether this process can mount. */
export async function checkHealth(root: string): Promise<Health> {
  const details = { directory: root, freeMemory: formatBytes(freemem()) }
  const why = await whyMissing(root)
  if (why !== undefined) return { state: 'failed', message: why, details }
  if (process.platform !== 'linux') {
    return { state: 'failed', message: 'tmpfs is mounted on Linux alone; use another driver here', details }
  }
  if (process.geteuid?.() !== 0) {
    return { state: 'degraded', message: 'this process is not root, and mounting takes root; run it as root', details }
  }
  return { state: 'healthy', details }
}

async function whyMissing(root: string): Promise<string | undefined> {
  try {
    if ((await stat(root)).isDirectory()) return undefined
    return `${root} is not a directory any more; move away what is there and start again`
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error
    return `${root} is gone; start again, which makes it`
  }
}

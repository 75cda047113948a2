import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasErrno } from '@pouch/errors'
import type { HostLimits } from './spec/host-limits.js'

const cgroupRoot = '/sys/fs/cgroup'

/**
 * How many processes of a cgroup the kernel has killed for want of memory. Containerd tells of it by an event, which may come after that of
 * the exit or, when the shim ends first, not at all; the cgroup is there until the task is deleted.
 *
 * @param cgroupPath below the root of the cgroups
 * @returns 0 as well when the cgroup is gone, or the kernel does not count (before 4.13)
 * @throws what reading the file throws
 */
export async function oomKills(
  cgroupPath: string,
  { cgroupVersion }: Pick<HostLimits, 'cgroupVersion'>,
): Promise<number> {
  const file =
    cgroupVersion === 2
      ? join(cgroupRoot, cgroupPath, 'memory.events')
      : join(cgroupRoot, 'memory', cgroupPath, 'memory.oom_control')
  try {
    return Number(/^oom_kill (\d+)$/m.exec(await readFile(file, 'utf8'))?.[1] ?? 0)
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENODEV')) return 0
    throw error
  }
}

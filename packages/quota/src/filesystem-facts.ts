import { realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PouchError } from '@pouch/errors'
import { findMount, type MountEntry } from '@pouch/mount'
import { hasCapability } from './capability.js'
import { type Kernel, type QuotaCall, systemKernel } from './kernel.js'
import { absolutePath, withDirectory } from './open-path.js'
import { quotaIsEnabled } from './qgroup.js'
import { quotaCommand, quotactl } from './quotactl.js'
import { type Step, succeed, thrownError } from './step-error.js'

/** Whether something can be limited on a filesystem, and if not, why and what would change that. */
export interface QuotaFacts {
  /** Usage is counted. */
  readonly accounted: boolean
  /** Limits hold. */
  readonly enforced: boolean
  /** Why limits do not hold, and the way out; `undefined` where they do. */
  readonly reason: string | undefined
}

/** What a filesystem is, and how volumes on it can be limited. */
export interface FilesystemFacts {
  /** As in mountinfo: `ext4`, `xfs`, `btrfs`, `tmpfs`, `overlay`, `nfs4`. */
  readonly type: string
  /** Where it is mounted; the nearest mount point above the path. */
  readonly mountPoint: string
  /** What was mounted, as in mountinfo: `/dev/sda1`. The node need not exist in this mount namespace. */
  readonly device: string
  /** `major:minor`. */
  readonly deviceNumber: string
  readonly readOnly: boolean
  /** Project quotas: ext4 and xfs. */
  readonly project: QuotaFacts
  /** Qgroups: btrfs. `accounted` is whether quota is enabled; subvolumes can be made in either case. */
  readonly qgroup: QuotaFacts
}

const stateBytes = 160
const stateFlagsAt = 2
const accountedFlag = 0x10
const enforcedFlag = 0x20

/**
 * What the filesystem under a path is, and whether limits hold on it. Nothing is changed.
 *
 * @param path a file or directory, absolute; symbolic links are followed
 * @throws PouchError `not-found` when there is nothing there, `permission-denied`, `unsupported` outside Linux
 */
export async function inspectFilesystem(
  path: string,
  { kernel = systemKernel }: QuotaCall = {},
): Promise<FilesystemFacts> {
  const absolute = absolutePath(path, 'quota.inspectFilesystem')
  const step = { op: 'quota.inspectFilesystem', what: `inspect the filesystem of ${absolute}`, subject: absolute }
  const directory = await realDirectory(absolute, step)
  const mount = await mountOf(directory, step)
  const isReadOnly = mount.options.includes('ro') || mount.superOptions.includes('ro')
  const probe = { kernel, mount, step, isReadOnly }
  return Object.freeze({
    type: mount.type,
    mountPoint: mount.mountPoint,
    device: mount.source,
    deviceNumber: mount.device,
    readOnly: isReadOnly,
    project: await projectFacts(probe, directory),
    qgroup: await qgroupFacts(probe, directory),
  })
}

interface Probe {
  readonly kernel: Kernel
  readonly mount: MountEntry
  readonly step: Step
  readonly isReadOnly: boolean
}

/** What is opened later must not be a link. */
async function realDirectory(path: string, step: Step): Promise<string> {
  try {
    const real = await realpath(path)
    return (await stat(real)).isDirectory() ? real : dirname(real)
  } catch (error) {
    throw thrownError(error, step)
  }
}

async function mountOf(path: string, step: Step): Promise<MountEntry> {
  const mount = await findMount(path)
  if (mount !== undefined) return mount
  throw new PouchError('unsupported', `cannot ${step.what}: this process sees no mount there; mount /proc`, step)
}

async function projectFacts(probe: Probe, path: string): Promise<QuotaFacts> {
  const { type } = probe.mount
  if (type !== 'ext4' && type !== 'xfs') return none(`${type} has no project quotas; ext4 and xfs have them`)
  const flags = await projectState(probe, path)
  if (typeof flags === 'string') return none(flags)
  const accounted = (flags & accountedFlag) !== 0
  if ((flags & enforcedFlag) === 0) return { accounted, enforced: false, reason: howToTurnOn(type, accounted) }
  const reason = await whyNotSet(probe)
  return { accounted, enforced: reason === undefined, reason }
}

async function projectState({ kernel, mount, step }: Probe, path: string): Promise<number | string> {
  const answer = await withDirectory(path, step, async (handle) => {
    const state = Buffer.alloc(stateBytes)
    state.writeInt8(1, 0)
    return { state, outcome: await quotactl(kernel, handle, quotaCommand.getState, 0, state, step) }
  })
  const { errno } = answer.outcome
  if (errno === undefined) return answer.state.readUInt16LE(stateFlagsAt)
  // The kernel's word for a filesystem on which no quota is on, as for a kernel that was built without them.
  if (errno === 'ENOSYS' || errno === 'ESRCH') return 0
  if (errno === 'EACCES' || errno === 'EPERM' || errno === 'ENXIO' || errno === 'ENOTBLK' || errno === 'ENODEV') {
    return `the quotas of ${mount.source} cannot be asked from here (${errno}); they take root and a kernel of 5.14 or newer, or the device's node`
  }
  succeed(answer.outcome, step)
  return 0
}

function howToTurnOn(type: string, accounted: boolean): string {
  if (accounted) return 'it counts projects and does not hold them to a limit; mount it anew with prjquota'
  const kernel = 'on a kernel that was built with quotas'
  if (type === 'xfs')
    return `it is mounted without prjquota; mount it anew with it (rootflags=prjquota for /), ${kernel}`
  return `it has no project quotas; unmount it, run tune2fs -O project,quota on its device, and mount it with prjquota, ${kernel}`
}

async function whyNotSet({ isReadOnly }: Probe): Promise<string | undefined> {
  if (isReadOnly) return 'it is mounted read-only; mount it read-write'
  if (!(await hasCapability('CAP_SYS_ADMIN'))) return 'limits are set by root alone (CAP_SYS_ADMIN); run as root'
  return undefined
}

async function qgroupFacts(probe: Probe, path: string): Promise<QuotaFacts> {
  if (probe.mount.type !== 'btrfs') return none(`${probe.mount.type} has no subvolumes; btrfs has them`)
  const reason = await whyNotSet(probe)
  if (reason !== undefined) return none(reason)
  const enabled = await quotaIsEnabled(path, { kernel: probe.kernel })
  return {
    accounted: enabled,
    enforced: enabled,
    reason: enabled ? undefined : 'its quota is not enabled; enableQuota does that, once for the whole filesystem',
  }
}

function none(reason: string): QuotaFacts {
  return { accounted: false, enforced: false, reason }
}

import type { FileHandle } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'
import { type Kernel, type QuotaCall, systemKernel } from './kernel.js'
import { absolutePath, withDirectory } from './open-path.js'
import { type Step, succeed } from './step-error.js'
import { btrfsStep, readSubvolumeId, withSubvolume } from './subvolume.js'
import { searchTree } from './tree-search.js'

/** What a subvolume holds, and may hold. */
export interface QgroupUsage {
  /** What is reachable from it, shared with snapshots or not; the limit is on this. */
  readonly referencedBytes: number
  /** What would be given back if it were deleted. */
  readonly exclusiveBytes: number
  /** `undefined` where there is no limit. */
  readonly limitBytes: number | undefined
}

const quotaControl = 0xc0109428
const limitRequest = 0x8030942b
const rescanWait = 0x942e
const syncRequest = 0x9408
const enable = 1n
const quotaTree = 8n
const statusType = 0xf0
const infoType = 0xf2
const limitType = 0xf4
const limitReferenced = 1n
const none = 2n ** 64n - 1n

/**
 * Turns the quota of a btrfs filesystem on, and waits until what is there has been counted. It is for the whole filesystem, costs
 * every later write a little, and is never turned off here. Repeating it changes nothing.
 *
 * @param path any directory of the filesystem, absolute
 */
export async function enableQuota(path: string, { kernel = systemKernel }: QuotaCall = {}): Promise<void> {
  const absolute = absolutePath(path, 'quota.enableQuota')
  const step = btrfsStep('quota.enableQuota', absolute, `enable the quota of the filesystem of ${absolute}`)
  await withDirectory(absolute, step, async (handle) => {
    const argument = Buffer.alloc(16)
    argument.writeBigUInt64LE(enable, 0)
    succeed(await kernel.ioctl(handle.fd, quotaControl, argument), step)
    succeed(await kernel.ioctl(handle.fd, rescanWait, 0), step)
  })
}

/** Waits until btrfs has counted what every subvolume holds, if it is doing so. */
export async function waitForRescan(path: string, { kernel = systemKernel }: QuotaCall = {}): Promise<void> {
  const absolute = absolutePath(path, 'quota.waitForRescan')
  const step = btrfsStep('quota.waitForRescan', absolute, `wait for the quota of the filesystem of ${absolute}`)
  await withDirectory(absolute, step, async (handle) => {
    succeed(await kernel.ioctl(handle.fd, rescanWait, 0), step)
  })
}

/** Whether the quota of the btrfs filesystem of a directory is on. */
export async function quotaIsEnabled(path: string, { kernel = systemKernel }: QuotaCall = {}): Promise<boolean> {
  const absolute = absolutePath(path, 'quota.quotaIsEnabled')
  const step = btrfsStep('quota.quotaIsEnabled', absolute, `read the quota of the filesystem of ${absolute}`)
  return await withDirectory(absolute, step, async (handle) => {
    return (await findItem(kernel, handle, statusType, 0n, step)) !== undefined
  })
}

/**
 * Limits what a subvolume references. A writer is stopped with `EDQUOT`; statfs(2) shows the whole filesystem all the same.
 * Repeating it changes nothing.
 *
 * @param path the top of a subvolume, absolute
 * @param bytes `undefined` takes the limit away
 * @throws PouchError `invalid-argument`, `unsupported` where the quota is not enabled
 */
export async function setQgroupLimit(
  path: string,
  bytes: number | undefined,
  { kernel = systemKernel }: QuotaCall = {},
): Promise<void> {
  const absolute = absolutePath(path, 'quota.setQgroupLimit')
  if (bytes !== undefined && (!Number.isSafeInteger(bytes) || bytes < 1)) {
    const message = `${bytes} is not a limit for ${absolute}; it is a whole number of bytes from 1 on`
    throw new PouchError('invalid-argument', message, { op: 'quota.setQgroupLimit', subject: absolute })
  }
  const step = {
    ...btrfsStep('quota.setQgroupLimit', absolute, `limit the subvolume ${absolute}`),
    reasons: { ENOTCONN: quotaIsOff, EINVAL: quotaIsOff },
    codes: { ENOTCONN: 'unsupported', EINVAL: 'unsupported' },
  } as const
  await withSubvolume(absolute, step, async (handle) => {
    const argument = Buffer.alloc(48)
    argument.writeBigUInt64LE(limitReferenced, 8)
    argument.writeBigUInt64LE(bytes === undefined ? none : BigInt(bytes), 16)
    succeed(await kernel.ioctl(handle.fd, limitRequest, argument), step)
  })
}

/**
 * What a subvolume holds and may hold, from the counters of btrfs, which know what was committed to the disk.
 *
 * @param options.sync commit first, so that everything written before the call is counted; costs a write of the whole filesystem
 * @throws PouchError `unsupported` where the quota is not enabled
 */
export async function qgroupUsage(
  path: string,
  { kernel = systemKernel, sync = false }: QuotaCall & { readonly sync?: boolean | undefined } = {},
): Promise<QgroupUsage> {
  const absolute = absolutePath(path, 'quota.qgroupUsage')
  const step = btrfsStep('quota.qgroupUsage', absolute, `read the usage of the subvolume ${absolute}`)
  return await withSubvolume(absolute, step, async (handle) => {
    if (sync) succeed(await kernel.ioctl(handle.fd, syncRequest, 0), step)
    const id = await readSubvolumeId(kernel, handle, step)
    const info = await findItem(kernel, handle, infoType, id, step)
    if (info === undefined) {
      throw new PouchError('unsupported', `cannot ${step.what}: ${quotaIsOff}`, { op: step.op, subject: step.subject })
    }
    const limit = await findItem(kernel, handle, limitType, id, step)
    const isLimited = limit !== undefined && (limit.readBigUInt64LE(0) & limitReferenced) !== 0n
    return Object.freeze({
      referencedBytes: Number(info.readBigUInt64LE(8)),
      exclusiveBytes: Number(info.readBigUInt64LE(24)),
      limitBytes: isLimited ? Number(limit.readBigUInt64LE(8)) : undefined,
    })
  })
}

const quotaIsOff = 'the quota of the filesystem is not enabled; call enableQuota once'

/** One item of the quota tree; a range over several types would read those of every subvolume. */
async function findItem(
  kernel: Kernel,
  handle: FileHandle,
  type: number,
  id: bigint,
  step: Step,
): Promise<Buffer | undefined> {
  const key = { minObject: 0n, maxObject: 0n, minType: type, maxType: type, minOffset: id, maxOffset: id }
  return (await searchTree(kernel, handle, { tree: quotaTree, ...key }, step))?.at(0)?.data
}

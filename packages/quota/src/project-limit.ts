import type { FileHandle } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'
import { type QuotaCall, systemKernel } from './kernel.js'
import { absolutePath, withPath } from './open-path.js'
import { requireProjectId } from './project.js'
import { quotaCommand, quotactl } from './quotactl.js'
import { type Step, succeed } from './step-error.js'

/** What a project may hold. What is `undefined` is left as it is, and 0 takes a limit away. */
export interface ProjectLimit {
  /** Bytes on the disk, rounded up to whole KiB. */
  readonly bytes?: number | undefined
  /** Files, directories and all else that has an inode. */
  readonly inodes?: number | undefined
}

/** What a project holds, and may hold. */
export interface ProjectUsage {
  readonly id: number
  readonly usedBytes: number
  readonly usedInodes: number
  /** `undefined` where there is no limit. */
  readonly limitBytes: number | undefined
  /** `undefined` where there is no limit. */
  readonly limitInodes: number | undefined
}

const recordBytes = 72
const limitBlockBytes = 1024
const validAt = 64
const idAt = 68
const blockLimits = 1
const inodeLimits = 4
const greatestBytes = 2 ** 53 - limitBlockBytes

/**
 * Limits a project of the filesystem that a path lies on. ext4 stops a writer with `EDQUOT`, xfs with `ENOSPC`; on ext4 a writer with
 * `CAP_SYS_RESOURCE` passes the limit. A limit below what the project holds stops it from growing. Repeating it changes nothing.
 *
 * @param path any file or directory of the filesystem, absolute
 * @throws PouchError `invalid-argument`, `permission-denied`, `unsupported` where project quotas are not on
 */
export async function setProjectLimit(
  path: string,
  id: number,
  limit: ProjectLimit,
  { kernel = systemKernel }: QuotaCall = {},
): Promise<void> {
  const step = quotaStep('quota.setProjectLimit', path, `limit the project ${id} on the filesystem of ${path}`)
  requireProjectId(id, step.op)
  const record = Buffer.alloc(recordBytes)
  let valid = 0
  if (limit.bytes !== undefined) {
    const blocks = Math.ceil(requireCount(limit.bytes, 'bytes', step.op) / limitBlockBytes)
    record.writeBigUInt64LE(BigInt(blocks), 0)
    valid |= blockLimits
  }
  if (limit.inodes !== undefined) {
    record.writeBigUInt64LE(BigInt(requireCount(limit.inodes, 'inodes', step.op)), 24)
    valid |= inodeLimits
  }
  if (valid === 0) return
  record.writeUInt32LE(valid, validAt)
  await withPath(path, step, async (handle) => {
    succeed(await quotactl(kernel, handle, quotaCommand.setQuota, id, record, step), step)
  })
}

/** Takes every limit of a project away, so that an empty project leaves no trace. Repeating it changes nothing. */
export async function clearProjectLimit(path: string, id: number, call: QuotaCall = {}): Promise<void> {
  await setProjectLimit(path, id, { bytes: 0, inodes: 0 }, call)
}

/**
 * What a project of the filesystem that a path lies on holds and may hold, from the kernel's counters: no tree is walked. What was
 * written in the last moments may be missing until the filesystem gives it its place.
 *
 * @throws PouchError `unsupported` where project quotas are not on
 */
export async function projectUsage(
  path: string,
  id: number,
  { kernel = systemKernel }: QuotaCall = {},
): Promise<ProjectUsage> {
  const step = quotaStep('quota.projectUsage', path, `read the usage of the project ${id} on the filesystem of ${path}`)
  requireProjectId(id, step.op)
  return await withPath(path, step, async (handle) => {
    const record = Buffer.alloc(recordBytes)
    const outcome = await quotactl(kernel, handle, quotaCommand.getQuota, id, record, step)
    // xfs keeps no record of a project that nothing is in.
    if (outcome.errno === 'ENOENT') return usageOf(id, Buffer.alloc(recordBytes))
    succeed(outcome, step)
    return usageOf(id, record)
  })
}

/** The first project from an id on that holds something or has a limit; `undefined` when there is none. */
export async function nextUsage(
  handle: FileHandle,
  from: number,
  step: Step,
  { kernel = systemKernel }: QuotaCall,
): Promise<ProjectUsage | undefined> {
  const record = Buffer.alloc(recordBytes)
  const outcome = await quotactl(kernel, handle, quotaCommand.getNextQuota, from, record, step)
  if (outcome.errno === 'ENOENT') return undefined
  succeed(outcome, step)
  return usageOf(record.readUInt32LE(idAt), record)
}

/** What failed, with what the kernel's answers mean for quotas. */
export function quotaStep(op: string, path: string, what: string): Step {
  const off = 'project quotas are not on there; see inspectFilesystem for what would turn them on'
  return {
    op,
    what,
    subject: absolutePath(path, op),
    reasons: { ESRCH: off, ENOTTY: off, ENOSYS: off, ENODEV: off, ENOTBLK: off, EINVAL: off, ENOTSUP: off },
    codes: { ESRCH: 'unsupported', EINVAL: 'unsupported', ENOTBLK: 'unsupported' },
  }
}

function usageOf(id: number, record: Buffer): ProjectUsage {
  const at = (offset: number) => Number(record.readBigUInt64LE(offset))
  return Object.freeze({
    id,
    usedBytes: at(16),
    usedInodes: at(40),
    limitBytes: at(0) === 0 ? undefined : at(0) * limitBlockBytes,
    limitInodes: at(24) === 0 ? undefined : at(24),
  })
}

function requireCount(count: number, name: string, op: string): number {
  if (Number.isSafeInteger(count) && count >= 0 && count <= greatestBytes) return count
  const message = `${count} is not a limit of ${name}; it is a whole number from 0 to ${greatestBytes}`
  throw new PouchError('invalid-argument', message, { op, subject: name })
}

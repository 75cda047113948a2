import { access, constants } from 'node:fs/promises'
import { hasCode, PouchError } from '@pouch/errors'
import { findMount } from '@pouch/mount'
import { type FilesystemFacts, hasCapability, inspectFilesystem } from '@pouch/quota'
import type { QuotaBackend } from './volume-plan.js'

/** By which means sizes can be enforced on the filesystem of the volumes. */
export interface QuotaSupport {
  /** `ext4`; `unknown` where it cannot be told. */
  readonly filesystem: string
  /** What a volume gets that asks for none by name; `undefined` when none will do. */
  readonly best: QuotaBackend | undefined
  /** Whether all volumes are subvolumes. */
  readonly usesSubvolumes: boolean
  /** Why a means cannot be used, and the way out; absent for one that can. */
  readonly reasons: Readonly<Partial<Record<QuotaBackend, string>>>
}

const loopControl = '/dev/loop-control'

/** Looks which means there are, and changes nothing. */
export async function inspectQuotaSupport(root: string): Promise<QuotaSupport> {
  if (process.platform !== 'linux') return noSupport('unknown', 'sizes are enforced on Linux alone')
  const filesystem = (await findMount(root))?.type ?? 'unknown'
  if (!(await hasCapability('CAP_SYS_ADMIN'))) {
    return noSupport(filesystem, 'sizes are enforced by root alone (CAP_SYS_ADMIN); run as root')
  }
  const facts = await factsOf(root)
  if (typeof facts === 'string') return noSupport(filesystem, facts)
  const { type, project, qgroup, readOnly } = facts
  const loop = await whyNoLoop()
  return support(type, {
    ...(project.enforced ? {} : { project: project.reason ?? 'it has no project quotas' }),
    ...(type === 'btrfs' && !readOnly ? {} : { btrfs: qgroup.reason ?? 'it is read-only' }),
    ...(loop === undefined ? {} : { loop }),
  })
}

/** What a volume asks for that not every means has. */
export interface QuotaWish {
  /** Chosen by the user. */
  readonly quota: QuotaBackend | undefined
  /** Whether its files are limited in number. */
  readonly limitsFiles: boolean
  /** Whether it is to have a filesystem of its own. */
  readonly ownFilesystem: boolean
}

interface Choice {
  readonly quota: QuotaBackend | undefined
  /** What decided. */
  readonly option: 'size' | 'quota' | 'inodes' | 'fs'
}

/** By which means a volume gets its limits. @throws PouchError `unsupported` when the one that it takes, or every one, cannot be used */
export function requireQuota(support: QuotaSupport, wish: QuotaWish): QuotaBackend {
  const { reasons, filesystem } = support
  const { quota, option } = choiceOf(support, wish)
  const why = quota === undefined ? undefined : reasons[quota]
  if (quota !== undefined && why === undefined) return quota
  const messages = {
    size: `quota size requested but no quota support (${filesystem}): ${told(reasons)}; or leave the size out`,
    quota: `quota=${quota} cannot be had on this filesystem (${filesystem}): ${why}; or leave quota out, and the driver chooses`,
    inodes: `inodes takes an image on this filesystem (${filesystem}), which counts no files, and there can be none: ${why}; or leave inodes out`,
    fs: `fs is the filesystem of an image, and there can be none: ${why}; or leave fs out`,
  }
  throw new PouchError('unsupported', messages[option], { op: 'local', details: { option } })
}

/** Whether {@link requireQuota} finds a means. */
export function hasQuota(support: QuotaSupport, wish: QuotaWish): boolean {
  const { quota } = choiceOf(support, wish)
  return quota !== undefined && support.reasons[quota] === undefined
}

function choiceOf({ best }: QuotaSupport, { quota, limitsFiles, ownFilesystem }: QuotaWish): Choice {
  if (quota !== undefined) return { quota, option: 'quota' }
  if (ownFilesystem) return { quota: 'loop', option: 'fs' }
  if (limitsFiles && best === 'btrfs') return { quota: 'loop', option: 'inodes' }
  return { quota: best, option: 'size' }
}

function support(filesystem: string, reasons: QuotaSupport['reasons']): QuotaSupport {
  const best = (['project', 'btrfs', 'loop'] as const).find((quota) => reasons[quota] === undefined)
  return Object.freeze({
    filesystem,
    best,
    usesSubvolumes: reasons.btrfs === undefined,
    reasons: Object.freeze(reasons),
  })
}

function noSupport(filesystem: string, why: string): QuotaSupport {
  return support(filesystem, { project: why, btrfs: why, loop: why })
}

async function factsOf(root: string): Promise<FilesystemFacts | string> {
  try {
    return await inspectFilesystem(root)
  } catch (error) {
    // No koffi: volumes without a size are as good as ever.
    if (hasCode(error, 'unsupported')) return error.message
    throw error
  }
}

async function whyNoLoop(): Promise<string | undefined> {
  try {
    await access(loopControl, constants.R_OK | constants.W_OK)
    return undefined
  } catch (error) {
    return `${loopControl} cannot be used (${PouchError.from(error).message}); load the kernel module loop`
  }
}

function told(reasons: QuotaSupport['reasons']): string {
  return Object.entries(reasons)
    .map(([quota, why]) => `${quota}: ${why}`)
    .join('; ')
}

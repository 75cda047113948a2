import { PouchError } from '@pouch/errors'
import type { DriverVolume } from '@pouch/volume-core/driver'

/** Options of mount(2) and data for tmpfs, made of a volume's options. */
export interface MountSettings {
  readonly sizeBytes: number
  readonly options: readonly string[]
  readonly data: string
}

/** The kernel's ids have 32 bits, and the last one means none. */
const lastId = 0xffff_fffe

/** @throws PouchError `invalid-argument` naming the option that tmpfs cannot take */
export function mountSettings({ options, sizeBytes: resized }: DriverVolume): MountSettings {
  const given = resized === undefined ? options : { ...options, size: resized }
  const sizeBytes = whole(given, 'size', 1, Number.MAX_SAFE_INTEGER)
  const mode = whole(options, 'mode', 0, 0o7777)
  const uid = whole(options, 'uid', 0, lastId)
  const gid = whole(options, 'gid', 0, lastId)
  const data = [`size=${sizeBytes}`, `mode=${mode.toString(8)}`, `uid=${uid}`, `gid=${gid}`]
  if (options.nr_inodes !== undefined) data.push(`nr_inodes=${whole(options, 'nr_inodes', 2, Number.MAX_SAFE_INTEGER)}`)
  const denied = { nosuid: options.suid, nodev: options.dev, noexec: options.exec }
  const flags = Object.entries(denied).filter(([, allowed]) => allowed !== true)
  return { sizeBytes, options: flags.map(([flag]) => flag), data: data.join(',') }
}

function whole(options: DriverVolume['options'], name: string, least: number, most: number): number {
  const value = options[name]
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  const message = `invalid option '${name}': ${value} is not a whole number from ${least} to ${most}`
  throw new PouchError('invalid-argument', message, { op: 'tmpfs', details: { option: name } })
}

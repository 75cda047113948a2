import { PouchError } from '@pouch/errors'
import type { DriverVolume } from '@pouch/volume-core/driver'
import { type DeviceSettings, deviceSettings } from './device-settings.js'
import type { DirectoryAccess } from './volume-directory.js'

/** By which means a size is enforced. */
export type QuotaBackend = 'project' | 'btrfs' | 'loop'

/** The filesystem in an image. */
export type ImageFilesystem = 'ext4' | 'xfs'

/** What a volume's options ask for, checked. */
export type VolumePlan = AdoptedPlan | DevicePlan | DirectoryPlan | SizedPlan

/** A directory of the host's. */
export interface AdoptedPlan {
  readonly kind: 'adopted'
  readonly mount: string
}

/** Something that is mounted at the first use. */
export interface DevicePlan {
  readonly kind: 'device'
  readonly device: DeviceSettings
}

/** A directory without a limit. */
export interface DirectoryPlan {
  readonly kind: 'directory'
  readonly access: DirectoryAccess
}

/** A directory with a limit. */
export interface SizedPlan {
  readonly kind: 'sized'
  readonly sizeBytes: number | undefined
  readonly inodes: number | undefined
  /** Chosen by the user; the driver chooses unless given. */
  readonly quota: QuotaBackend | undefined
  readonly filesystem: ImageFilesystem | undefined
  readonly access: DirectoryAccess
}

/** The kernel's ids have 32 bits, and the last one means none. */
const lastId = 0xffff_fffe

/**
 * Reads a volume's options together: those that make no sense with one another are refused, none is ignored.
 *
 * @throws PouchError `invalid-argument` naming the option
 */
export function planVolume(volume: DriverVolume): VolumePlan {
  const { options } = volume
  const { mount } = options
  const device = deviceSettings(options)
  if (typeof mount === 'string') {
    if (device !== undefined)
      throw refused('mount', 'it is a directory, and device= is another source of the volume: give one')
    refuseBeside(options, 'mount', ['size', 'inodes', 'quota', 'fs', 'uid', 'gid', 'mode'])
    return { kind: 'adopted', mount }
  }
  if (device !== undefined) {
    refuseBeside(options, 'device', ['size', 'inodes', 'quota', 'fs', 'uid', 'gid', 'mode'])
    return { kind: 'device', device }
  }
  const access = accessOf(options)
  if (options.size !== undefined || options.inodes !== undefined || isChosen(options.quota))
    return sizedPlan(options, access)
  if (options.fs !== undefined) throw refused('fs', 'it is the filesystem of an image: give size, and quota=loop')
  return { kind: 'directory', access }
}

function sizedPlan(options: DriverVolume['options'], access: DirectoryAccess): SizedPlan {
  const sizeBytes = whole(options, 'size', 1, Number.MAX_SAFE_INTEGER)
  const inodes = whole(options, 'inodes', 1, 0xffff_ffff)
  const { quota } = options
  const chosen = quota === 'project' || quota === 'btrfs' || quota === 'loop' ? quota : undefined
  const filesystem = options.fs === 'ext4' || options.fs === 'xfs' ? options.fs : undefined
  if (sizeBytes === undefined && (inodes === undefined || (chosen !== undefined && chosen !== 'project'))) {
    throw refused('quota', 'it says how a size is enforced, and there is none: give size')
  }
  if (filesystem !== undefined && chosen !== undefined && chosen !== 'loop') {
    throw refused('fs', `it is the filesystem of an image: take quota=loop instead of quota=${chosen}, or leave it out`)
  }
  if (chosen === 'btrfs' && inodes !== undefined) {
    throw refused('inodes', 'btrfs counts no files: leave it out, or take quota=loop')
  }
  if (filesystem === 'xfs' && inodes !== undefined) {
    throw refused('inodes', 'xfs makes them as they are needed: leave it out, or take fs=ext4')
  }
  return { kind: 'sized', sizeBytes, inodes, quota: chosen, filesystem, access }
}

function isChosen(quota: unknown): boolean {
  return quota !== undefined && quota !== 'auto'
}

function accessOf(options: DriverVolume['options']): DirectoryAccess {
  const uid = whole(options, 'uid', 0, lastId)
  const gid = whole(options, 'gid', 0, lastId)
  const mode = whole(options, 'mode', 0, 0o7777)
  return { uid, gid, mode }
}

function whole(options: DriverVolume['options'], name: string, least: number, most: number): number | undefined {
  const value = options[name]
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw refused(name, `${value} is not a whole number from ${least} to ${most}`)
}

const whyNotBeside: Readonly<Record<string, string>> = {
  mount: 'the directory that mount= names is used as it is',
  device: 'what device= names is mounted as it is; options for it go into o=',
}

function refuseBeside(options: DriverVolume['options'], source: string, names: readonly string[]): void {
  const found = names.find((name) => options[name] !== undefined && !(name === 'quota' && !isChosen(options[name])))
  if (found !== undefined) throw refused(found, `${whyNotBeside[source]}: leave ${found} out`)
}

function refused(option: string, why: string): PouchError {
  return new PouchError('invalid-argument', `invalid option '${option}': ${why}`, { op: 'local', details: { option } })
}

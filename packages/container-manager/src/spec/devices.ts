import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { PouchError } from '@pouch/errors'
import type { DeviceConfig } from '../container-config.js'
import type { OciDevice, OciDeviceRule } from './oci-types.js'

/** The devices of a container, and the rules that let it use them. */
export interface DeviceSet {
  readonly devices: OciDevice[]
  readonly rules: OciDeviceRule[]
}

const denyAll: OciDeviceRule = { allow: false, access: 'rwm' }
/** Every container may make nodes of any number; using one is another matter. */
const mayMakeNodes: OciDeviceRule[] = [
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
]
/** Not given to privileged containers: they get their own. */
const ownInstances = [
  '/dev/pts',
  '/dev/shm',
  '/dev/mqueue',
  '/dev/console',
  '/dev/fd',
  '/dev/.lxc',
  '/dev/.lxd-mounts',
  '/dev/.udev',
]

/**
 * Works out the devices of a container. Privileged: all of the host's. Else what was asked for; runc adds null, zero, full,
 * random, urandom, tty and the terminals to either.
 *
 * @throws PouchError `not-found` when a device is not there, `invalid-argument` when the path is not a device
 */
export function devicesOf(
  asked: readonly DeviceConfig[],
  cgroupRules: readonly string[],
  privileged: boolean,
): DeviceSet {
  if (privileged) return { devices: hostDevices('/dev', '/dev'), rules: [{ allow: true, access: 'rwm' }] }
  const sets = asked.map(deviceSet)
  return {
    devices: sets.flatMap(({ devices }) => devices),
    rules: [denyAll, ...mayMakeNodes, ...sets.flatMap(({ rules }) => rules), ...cgroupRules.map(parseRule)],
  }
}

function deviceSet({ pathOnHost, pathInContainer, permissions }: DeviceConfig): DeviceSet {
  const target = posix.normalize(pathInContainer || pathOnHost)
  const stat = statSync(pathOnHost, { throwIfNoEntry: false })
  if (stat === undefined) {
    throw new PouchError(
      'not-found',
      `error gathering device information while adding custom device "${pathOnHost}": no such file or directory`,
      {
        op: 'container.start',
        subject: pathOnHost,
      },
    )
  }
  const devices = stat.isDirectory()
    ? hostDevices(pathOnHost, target)
    : [deviceAt(pathOnHost, target, stat)].flatMap((device) => device ?? [])
  if (devices.length === 0) {
    throw new PouchError(
      'invalid-argument',
      `error gathering device information while adding custom device "${pathOnHost}": not a device node`,
      {
        op: 'container.start',
        subject: pathOnHost,
      },
    )
  }
  const access = permissions || 'rwm'
  return { devices, rules: devices.map(({ type, major, minor }) => ({ allow: true, type, major, minor, access })) }
}

function hostDevices(directory: string, target: string): OciDevice[] {
  if (ownInstances.includes(directory)) return []
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    const inside = posix.join(target, entry.name)
    if (entry.isDirectory()) return hostDevices(path, inside)
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return []
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat === undefined || ownInstances.includes(path) ? [] : (deviceAt(path, inside, stat) ?? [])
  })
}

function deviceAt(_path: string, target: string, stat: Stats): OciDevice | undefined {
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return undefined
  return {
    path: target,
    type: stat.isBlockDevice() ? 'b' : 'c',
    major: ((stat.rdev >>> 8) & 0xfff) | (Math.floor(stat.rdev / 2 ** 32) & ~0xfff),
    minor: (stat.rdev & 0xff) | ((stat.rdev >>> 12) & 0xfff00),
    fileMode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
  }
}

function parseRule(rule: string): OciDeviceRule {
  const [, type = 'a', major = '*', minor = '*', access = 'rwm'] =
    /^([acb]) (\d+|\*):(\d+|\*) ([rwm]+)$/.exec(rule) ?? []
  return {
    allow: true,
    type,
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access,
  }
}

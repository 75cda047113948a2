import { resolve } from 'node:path'
import { PouchError } from '@pouch/errors'
import { parseBytes } from '@pouch/units'
import { type DriverDefinition, driverContract } from '@pouch/volume-core/driver'
import { defaultSizeBytes, tmpfsOptions } from './options.js'
import { TmpfsDriver } from './tmpfs-driver.js'
import { version } from './version.js'

/** How the tmpfs driver is set up. */
export interface TmpfsOptions {
  /** The directory of the mount points, absolute; `<home>/tmpfs` unless given. */
  readonly root?: string | undefined
  /** The size of a volume that is given none, in bytes or as `64m`; 64 MiB unless given. */
  readonly defaultSize?: number | string | undefined
}

/**
 * The tmpfs driver: a volume is a file system in memory, there from its first mount to its last unmount. Needs Linux and root.
 *
 * @throws PouchError `invalid-argument` when the root is not absolute, or the size is none
 */
export function tmpfs(options: TmpfsOptions = {}): DriverDefinition {
  const { root, defaultSize } = options
  if (root !== undefined && (!root.startsWith('/') || root.includes('\0'))) {
    throw new PouchError('invalid-argument', `the root of the tmpfs driver has to be an absolute path, not '${root}'`, {
      op: 'tmpfs',
      subject: root,
    })
  }
  return Object.freeze<DriverDefinition>({
    contract: driverContract,
    name: 'tmpfs',
    version,
    options: tmpfsOptions(defaultSize === undefined ? defaultSizeBytes : parseBytes(defaultSize)),
    open: async (host) => await TmpfsDriver.open(root === undefined ? undefined : resolve(root), host),
  })
}

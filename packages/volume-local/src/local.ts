import { resolve } from 'node:path'
import { PouchError } from '@pouch/errors'
import { type DriverDefinition, driverContract } from '@pouch/volume-core/driver'
import { LocalDriver } from './local-driver.js'
import { localOptions } from './options.js'
import { version } from './version.js'

/** How the local driver is set up. */
export interface LocalOptions {
  /** The directory of all volumes, absolute; `<home>/volume` unless given. */
  readonly root?: string | undefined
}

/**
 * The local driver: a volume is a directory of this host, `<home>/volume/<name>/_data`, or one that `mount=` names.
 *
 * @throws PouchError `invalid-argument` when the root is not absolute
 */
export function local(options: LocalOptions = {}): DriverDefinition {
  const { root } = options
  if (root !== undefined && (!root.startsWith('/') || root.includes('\0'))) {
    throw new PouchError('invalid-argument', `the root of the local driver has to be an absolute path, not '${root}'`, {
      op: 'local',
      subject: root,
    })
  }
  return Object.freeze<DriverDefinition>({
    contract: driverContract,
    name: 'local',
    version,
    options: localOptions,
    open: async (host) => await LocalDriver.open(root === undefined ? undefined : resolve(root), host),
  })
}

import type { OptionTable } from '@pouch/volume-core/driver'

/** The size of a volume that is given none: 64 MiB. */
export const defaultSizeBytes = 64 * 1024 * 1024

/** The options of a tmpfs volume. */
export function tmpfsOptions(sizeBytes: number): OptionTable {
  return Object.freeze({
    size: {
      type: 'bytes',
      description: 'how much may be written; it counts as memory of whoever writes',
      default: sizeBytes,
      aliases: ['opt.size', 'Size', 'opt.Size'],
    },
    mode: { type: 'mode', description: 'permissions of the top directory', default: 0o1777 },
    uid: { type: 'int', description: 'owner of the top directory', default: 0 },
    gid: { type: 'int', description: 'group of the top directory', default: 0 },
    nr_inodes: {
      type: 'int',
      description: 'how many files there may be; the kernel decides unless given',
      aliases: ['inodes'],
    },
    mount: { type: 'path', description: 'an empty directory of this host to mount it on, made when it is absent' },
    exec: { type: 'boolean', description: 'programs on it may be run', default: false },
    suid: { type: 'boolean', description: 'set-user-ID bits on it count', default: false },
    dev: { type: 'boolean', description: 'device nodes on it count', default: false },
  })
}

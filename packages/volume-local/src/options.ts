import type { OptionTable } from '@pouch/volume-core/driver'

/** The options of a local volume. */
export const localOptions = Object.freeze({
  mount: {
    type: 'path',
    description:
      'a directory of this host to use as the volume, made when it is absent; its data stays when the volume is removed',
  },
  size: {
    type: 'bytes',
    description: 'a limit of the size',
    aliases: ['opt.size', 'Size', 'opt.Size'],
    unsupported:
      'this version of the local driver cannot limit the size of a volume: leave it out, or use the tmpfs driver, which has a size',
  },
}) satisfies OptionTable

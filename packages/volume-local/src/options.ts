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
    description: 'how much may be written, enforced by the best means of the filesystem that the volumes are on',
    aliases: ['opt.size', 'Size', 'opt.Size'],
  },
  inodes: {
    type: 'int',
    description: 'how many files there may be; with project quota, or an image, which it takes on btrfs',
  },
  quota: {
    type: 'enum',
    values: ['auto', 'project', 'btrfs', 'loop'],
    description: 'by which means the size is enforced; the driver looks and chooses unless given',
  },
  fs: {
    type: 'enum',
    values: ['ext4', 'xfs'],
    description: 'the filesystem of an image, which it takes; ext4 unless given',
  },
  type: { type: 'string', description: 'the type of the filesystem to mount, as for mount(8); needs device' },
  o: { type: 'string', description: 'mount options with commas between them; needs type and device' },
  device: {
    type: 'string',
    description: 'what to mount at the first use: a device, a directory, an export; needs type',
  },
  uid: {
    type: 'int',
    ofTop: 'uid',
    description: 'owner of the top directory; root, or whoever runs the engine, unless given',
  },
  gid: { type: 'int', ofTop: 'gid', description: 'group of the top directory' },
  mode: { type: 'mode', ofTop: 'mode', description: 'permissions of the top directory; 755 unless given' },
}) satisfies OptionTable

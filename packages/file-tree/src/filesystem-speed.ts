import { statfs } from 'node:fs/promises'

/**
 * `memory`: a file system that has no disk. `disk`: one that keeps an inode, and the attributes in it, at hand once it was read; to find
 * or make a name it may read, or wait for its journal. `remote`: any other, which may ask somebody for each call.
 */
export type FilesystemSpeed = 'memory' | 'disk' | 'remote'

/** `statfs`' numbers: tmpfs, ramfs. */
const inMemory = new Set([0x01021994, 0x858458f6])
/** ext4, xfs, btrfs, overlay, f2fs, zfs, bcachefs. */
const onDisk = new Set([0xef53, 0x58465342, 0x9123683e, 0x794c7630, 0xf2f52010, 0x2fc12fc1, 0xca451a4e])

/** What the file system of a path is like. */
export async function filesystemSpeed(path: string): Promise<FilesystemSpeed> {
  const { type } = await statfs(path)
  if (inMemory.has(type)) return 'memory'
  return onDisk.has(type) ? 'disk' : 'remote'
}

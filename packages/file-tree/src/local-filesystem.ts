import { statfs } from 'node:fs/promises'

/** `statfs`' numbers of file systems that keep an inode, and the attributes in it, at hand once it was read. */
const localTypes = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0xf2f52010, 0x2fc12fc1, 0x858458f6, 0xca451a4e,
])

/** Whether the file system of a path is such a one: ext4, xfs, btrfs, tmpfs, overlay, f2fs, zfs, ramfs, bcachefs. */
export async function isLocalFilesystem(path: string): Promise<boolean> {
  return localTypes.has((await statfs(path)).type)
}

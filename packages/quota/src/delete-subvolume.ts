import type { FileHandle } from 'node:fs/promises'
import { type Kernel, type QuotaCall, systemKernel } from './kernel.js'
import { absolutePath, withDirectory } from './open-path.js'
import { type Step, stepError, succeed } from './step-error.js'
import { btrfsStep, readSubvolumeId, subvolumePlace, withSubvolume } from './subvolume.js'
import { searchTree } from './tree-search.js'

const destroyRequest = 0x5000940f
const destroyByIdRequest = 0x5000943f
const qgroupRequest = 0x4010942a
const byIdFlag = 0x10n
const rootTree = 1n
const quotaTree = 8n
const rootItemType = 132
const childType = 156
const qgroupInfoType = 0xf2
const firstSubvolume = 256n
/** The first number that has a level, which no subvolume has. */
const firstLevel = 1n << 48n
const greatest = 2n ** 64n - 1n

/**
 * Deletes a subvolume with all in it, the subvolumes that its users made in it too. It is gone when this returns; btrfs gives the
 * space back a little later, and then kernels of 6.11 and newer remove its qgroup, which is for {@link removeStaleQgroups} otherwise.
 *
 * @param path the top of a subvolume, absolute
 * @throws PouchError `not-found`, `invalid-argument` when it is no subvolume, `in-use` when something is mounted in it
 */
export async function deleteSubvolume(path: string, { kernel = systemKernel }: QuotaCall = {}): Promise<void> {
  const place = subvolumePlace(path, 'quota.deleteSubvolume')
  const step = btrfsStep('quota.deleteSubvolume', place.path, `delete the subvolume ${place.path}`)
  await withSubvolume(place.path, step, async (handle) => {
    await deleteChildren(kernel, handle, await readSubvolumeId(kernel, handle, step), step)
  })
  await withDirectory(place.parent, step, async (parent) => {
    const argument = Buffer.alloc(4096)
    argument.write(place.name, 8, 'utf8')
    succeed(await kernel.ioctl(parent.fd, destroyRequest, argument), step)
    await parent.sync()
  })
}

/**
 * Removes the qgroups of subvolumes that are gone. Kernels of 6.11 and newer do it themselves. One whose deletion is not
 * counted yet is left for another time.
 *
 * @param path any directory of the filesystem, absolute
 * @returns how many were removed
 */
export async function removeStaleQgroups(path: string, { kernel = systemKernel }: QuotaCall = {}): Promise<number> {
  const absolute = absolutePath(path, 'quota.removeStaleQgroups')
  const step = btrfsStep('quota.removeStaleQgroups', absolute, `remove unused qgroups on the filesystem of ${absolute}`)
  return await withDirectory(absolute, step, async (handle) => {
    const key = { minObject: 0n, maxObject: 0n, minOffset: firstSubvolume, maxOffset: firstLevel - 1n }
    const type = { minType: qgroupInfoType, maxType: qgroupInfoType }
    const qgroups = (await searchTree(kernel, handle, { tree: quotaTree, ...key, ...type }, step)) ?? []
    let removed = 0
    for (const { offset: id, data } of qgroups) {
      if (!isCleared(data) || (await subvolumeExists(kernel, handle, id, step))) continue
      if (await removeQgroup(kernel, handle, id, step)) removed += 1
    }
    return removed
  })
}

/** While a deletion is not counted yet, removing its qgroup would make btrfs give up counting at all. */
function isCleared(info: Buffer): boolean {
  return info.readBigUInt64LE(8) === 0n && info.readBigUInt64LE(24) === 0n
}

/** By number, so that nobody can put another directory in their way; the deepest first. */
async function deleteChildren(kernel: Kernel, handle: FileHandle, parent: bigint, step: Step): Promise<void> {
  const objects = { minObject: parent, maxObject: parent, minOffset: 0n, maxOffset: greatest }
  const range = { tree: rootTree, ...objects, minType: childType, maxType: childType }
  for (const { offset: child } of (await searchTree(kernel, handle, range, step)) ?? []) {
    await deleteChildren(kernel, handle, child, step)
    const argument = Buffer.alloc(4096)
    argument.writeBigUInt64LE(byIdFlag, 16)
    argument.writeBigUInt64LE(child, 56)
    succeed(await kernel.ioctl(handle.fd, destroyByIdRequest, argument), step)
  }
}

/** @returns whether it was there and is not any more. A newer kernel says EBUSY and removes it when the space is given back. */
async function removeQgroup(kernel: Kernel, handle: FileHandle, id: bigint, step: Step): Promise<boolean> {
  const argument = Buffer.alloc(16)
  argument.writeBigUInt64LE(id, 8)
  const { errno } = await kernel.ioctl(handle.fd, qgroupRequest, argument)
  if (errno === undefined) return true
  // Quota is off, or was never on.
  if (errno === 'EBUSY' || errno === 'ENOENT' || errno === 'ENOTCONN' || errno === 'EINVAL') return false
  throw stepError(errno, step)
}

async function subvolumeExists(kernel: Kernel, handle: FileHandle, id: bigint, step: Step): Promise<boolean> {
  const objects = { minObject: id, maxObject: id, minOffset: 0n, maxOffset: greatest }
  const range = { tree: rootTree, ...objects, minType: rootItemType, maxType: rootItemType }
  return ((await searchTree(kernel, handle, range, step)) ?? []).length > 0
}

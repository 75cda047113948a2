import { stat } from 'node:fs/promises'
import { type MountCall, type MountEntry, mount, readMountinfo, unmount } from '@pouch/mount'
import { requireSuperblock } from './image.js'
import type { QuotaCall } from './kernel.js'
import { attachImage, findLoop, withImage } from './loop-device.js'
import { absolutePath } from './open-path.js'
import { majorOf, minorOf } from './quotactl.js'
import { thrownError } from './step-error.js'

/** How an image is mounted. */
export interface MountImageOptions extends QuotaCall, MountCall {
  /** Nothing is written to the image, not even its journal. */
  readonly readOnly?: boolean | undefined
  /** More options of the mount: `nosuid`, `noatime`. */
  readonly options?: readonly string[] | undefined
}

/** A mounted image. */
export interface MountedImage {
  readonly device: string
  readonly mountPoint: string
}

/**
 * Mounts an image. The loop device is detached by the kernel when the image is unmounted, also when this process is long gone. An
 * image that is mounted there already is a success, one that is mounted elsewhere is mounted there too. When this process is killed, its end
 * is the end of the call too: nothing is mounted afterwards.
 *
 * @param file absolute
 * @param target a directory, absolute
 * @throws PouchError as `attachImage` and `mount` have them; `in-use` when another call is at work on the image
 */
export async function mountImage(file: string, target: string, options: MountImageOptions = {}): Promise<MountedImage> {
  const image = absolutePath(file, 'quota.mountImage')
  const mountPoint = absolutePath(target, 'quota.mountImage')
  const mounted = await mountsOfImage(image, options)
  const found = mounted.find((entry) => entry.mountPoint === mountPoint)
  if (found !== undefined) return { device: found.source, mountPoint }
  const step = { op: 'quota.mountImage', what: `mount ${image}`, subject: image }
  const { filesystem } = await withImage(image, step, { readOnly: true }, (handle) => requireSuperblock(handle, step))
  const elsewhere = mounted[0]
  if (elsewhere !== undefined) {
    await mountDevice(elsewhere.source, mountPoint, filesystem, options)
    return { device: elsewhere.source, mountPoint }
  }
  const attachment = await attachImage(image, options)
  try {
    await mountDevice(attachment.device, mountPoint, filesystem, options)
  } finally {
    await attachment.release()
  }
  return { device: attachment.device, mountPoint }
}

/** Unmounts what is mounted right there. Nothing being mounted there is a success. */
export async function unmountImage(target: string, call: MountCall = {}): Promise<void> {
  const mountPoint = absolutePath(target, 'quota.unmountImage')
  if (!(await readMountinfo()).some((entry) => entry.mountPoint === mountPoint)) return
  await unmount(mountPoint, { ...call, inProcess: true })
}

/** Where an image is mounted, in this mount namespace. */
export async function mountsOfImage(file: string, call: QuotaCall = {}): Promise<MountEntry[]> {
  const loop = await findLoop(file, call)
  if (loop === undefined) return []
  const number = await deviceNumber(loop.device, file)
  return (await readMountinfo()).filter(({ device }) => device === number)
}

async function deviceNumber(device: string, file: string): Promise<string> {
  try {
    const { rdev } = await stat(device, { bigint: true })
    return `${majorOf(rdev)}:${minorOf(rdev)}`
  } catch (error) {
    throw thrownError(error, { op: 'quota.findLoop', what: `look at the loop device of ${file}`, subject: file })
  }
}

async function mountDevice(
  device: string,
  target: string,
  filesystem: 'ext4' | 'xfs',
  { readOnly = false, options = [], signal, deadlineMs }: MountImageOptions,
): Promise<void> {
  // Without this a read-only mount replays the journal, which writes.
  const withoutJournal = filesystem === 'ext4' ? 'noload' : 'norecovery'
  // A copy of an image has the identity of the original, and both may be mounted.
  const twin = filesystem === 'xfs' ? ['nouuid'] : []
  const words = [...options, ...twin, ...(readOnly ? ['ro', withoutJournal] : [])]
  // A program would go on when this process is killed, and mount what a later one has looked for and not found.
  await mount({ source: device, target, type: filesystem, options: words }, { signal, deadlineMs, inProcess: true })
}

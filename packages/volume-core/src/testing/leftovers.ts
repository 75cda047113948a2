import assert from 'node:assert/strict'
import { lstat, readdir, readFile, realpath, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { hasErrno } from '@pouch/errors'
import type { SuiteSubject } from './suite-options.js'

/** What is on the host at one moment: entries below a directory, mounts, loop devices and subvolumes there. */
export interface HostState {
  readonly files: ReadonlySet<string>
  readonly directories: ReadonlySet<string>
  readonly others: ReadonlySet<string>
}

/** The kernel lets go of a loop device a moment after its last user has. */
const detachMs = 1000
const btrfsMagic = 0x9123683e
const btrfsSubvolumeInode = 256

/** Looks at a home. */
export async function hostState(home: string): Promise<HostState> {
  const files = new Set<string>()
  const directories = new Set<string>()
  const others = new Set<string>()
  for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isDirectory()) files.add(path)
    else {
      directories.add(path)
      if (await isSubvolume(path)) others.add(`a subvolume at ${path}`)
    }
  }
  // The kernel tells paths without symbolic links.
  const real = await realpath(home)
  for (const point of await mountsBelow(real)) others.add(`a mount at ${point}`)
  for (const device of await loopDevicesOf(real)) others.add(device)
  return { files, directories, others }
}

/**
 * Asserts that nothing is there that was not before, and belongs to volumes that are gone: files, directories with their names, mounts, loop
 * devices, subvolumes, and what the subject knows of.
 */
export async function assertNothingLeft(
  subject: SuiteSubject,
  before: HostState,
  names: ReadonlySet<string>,
): Promise<void> {
  let left = leftovers(before, await hostState(subject.home), names)
  if (left.some((each) => each.startsWith('the loop device'))) {
    await delay(detachMs)
    left = leftovers(before, await hostState(subject.home), names)
  }
  const told = (await subject.leftovers?.()) ?? []
  assert.deepEqual([...left, ...told], [], 'the driver left these on the host after its volumes were removed')
}

function leftovers(before: HostState, after: HostState, names: ReadonlySet<string>): string[] {
  const isNamed = (path: string) => path.split('/').some((part) => names.has(part))
  return [
    ...[...after.files].filter((path) => !before.files.has(path)),
    ...[...after.directories].filter((path) => !before.directories.has(path) && isNamed(path)),
    ...[...after.others].filter((each) => !before.others.has(each)),
  ]
}

async function isSubvolume(path: string): Promise<boolean> {
  const { ino } = await lstat(path)
  return ino === btrfsSubvolumeInode && (await statfs(path)).type === btrfsMagic
}

async function mountsBelow(home: string): Promise<string[]> {
  if (process.platform !== 'linux') return []
  const points = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => unescaped(line.split(' ')[4] ?? ''))
  return points.filter((point) => point.startsWith(`${home}/`))
}

/** Loop devices over files of the home, also over files that were deleted: those are shown with a remark behind the path. */
async function loopDevicesOf(home: string): Promise<string[]> {
  if (process.platform !== 'linux') return []
  const devices = (await readdir('/sys/block')).filter((name) => name.startsWith('loop'))
  const files = await Promise.all(devices.map((name) => backingFileOf(name)))
  return files.flatMap((file, index) =>
    file?.startsWith(`${home}/`) === true ? [`the loop device ${devices[index]} over ${file}`] : [],
  )
}

async function backingFileOf(device: string): Promise<string | undefined> {
  try {
    return (await readFile(`/sys/block/${device}/loop/backing_file`, 'utf8')).trim()
  } catch (error) {
    // A device that nothing is attached to has no such file.
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENODEV') || hasErrno(error, 'ENXIO')) return undefined
    throw error
  }
}

const unescaped = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))

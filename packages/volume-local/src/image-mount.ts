import { mkdir, open, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasErrno } from '@pouch/errors'
import { mountImage, unmountImage } from '@pouch/quota'
import type { DriverCall } from '@pouch/volume-core/driver'
import type { ImageContent } from './backing.js'
import { dataFolder } from './volume-directory.js'
import type { ImageFilesystem } from './volume-plan.js'
import type { VolumeRoot } from './volume-root.js'

/** A copy of an xfs has the same number as the original, and both may be mounted. */
export function imageOptions(filesystem: ImageFilesystem): readonly string[] {
  return filesystem === 'xfs' ? ['nouuid'] : []
}

/** Has an image that nobody uses mounted on a directory for as long as `use` takes, and what was written made durable. */
export async function withImageMounted<T>(
  { file, filesystem, isSnapshot }: ImageContent,
  target: string,
  { signal }: DriverCall,
  use: (path: string) => Promise<T>,
): Promise<T> {
  await mountImage(file, target, { readOnly: isSnapshot, options: imageOptions(filesystem), signal })
  let result: T
  try {
    result = await use(target)
  } finally {
    await unmountImage(target)
  }
  if (!isSnapshot) await syncFile(file)
  return result
}

/** Has an image mounted aside, to be read. */
export async function readImage<T>(
  content: ImageContent,
  root: VolumeRoot,
  call: DriverCall,
  use: (path: string) => Promise<T>,
): Promise<T> {
  return await root.drafted(async (draft) => {
    const target = join(draft, dataFolder)
    await mkdir(target, { mode: 0o700 })
    return await withImageMounted(content, target, call, use)
  })
}

/** A volume is empty at first: programs refuse one with files in it. fsck makes the directory anew when it needs it. */
export async function removeLostAndFound(path: string): Promise<void> {
  try {
    await rmdir(join(path, 'lost+found'))
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENOTEMPTY')) throw error
  }
}

/** Makes the content of a file or directory durable. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

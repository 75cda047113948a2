import { readdirSync } from 'node:fs'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Mount } from '@pouch/ctrd-client'
import { mount, unmount } from '@pouch/mount'

/** The prefix of the directories that views are mounted on; what is left of them after a crash is unmounted at boot. */
export const viewPrefix = 'view-'

/**
 * Runs `use` with a directory that shows a root file system, read-only. A root of one layer is shown as it is; several are laid
 * over each other in a mount of their own, below `parent`, which is gone again when `use` has finished.
 *
 * @param mounts what the snapshotter answered
 * @param parent an existing private directory
 */
export async function withRootfsView<T>(
  mounts: readonly Mount[],
  parent: string,
  use: (root: string) => Promise<T>,
): Promise<T> {
  const layers = layersOf(mounts)
  if (layers?.length === 1 && layers[0] !== undefined) return use(layers[0])
  const target = await mkdtemp(join(parent, viewPrefix))
  try {
    for (const part of layers === undefined ? mounts : [overlayOf(layers)]) {
      await mount({ source: part.source, target, type: part.type, options: part.options })
    }
    try {
      return await use(target)
    } finally {
      await unmount(target)
    }
  } finally {
    await rmdir(target)
  }
}

/** The directory that a container writes into, when the snapshotter has one. */
export function upperOf(mounts: readonly Mount[]): string | undefined {
  const [only, ...more] = mounts
  if (only === undefined || more.length > 0) return undefined
  return only.type === 'overlay' ? optionOf(only.options, 'upperdir') : only.type === 'bind' ? only.source : undefined
}

/** The directories of the layers, the uppermost first; `undefined` for file systems that are not made of directories. */
function layersOf(mounts: readonly Mount[]): string[] | undefined {
  const [only, ...more] = mounts
  if (only === undefined || more.length > 0) return undefined
  if (only.type === 'bind') return [only.source]
  if (only.type !== 'overlay') return undefined
  const upper = optionOf(only.options, 'upperdir')
  const lower = (optionOf(only.options, 'lowerdir') ?? '').split(':').filter((path) => path !== '')
  return upper === undefined || readdirSync(upper).length === 0 ? lower : [upper, ...lower]
}

/** Without an upper directory nothing is written, and unmounting has nothing to flush. */
function overlayOf(layers: readonly string[]): Mount {
  return { type: 'overlay', source: 'overlay', options: ['ro', `lowerdir=${layers.join(':')}`] }
}

function optionOf(options: readonly string[], name: string): string | undefined {
  return options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1)
}

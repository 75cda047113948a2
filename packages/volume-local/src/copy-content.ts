import { copyTree, type TreeWarning } from '@pouch/file-tree'
import type { DriverCall } from '@pouch/volume-core/driver'
import type { Content } from './backing.js'
import { readImage } from './image-mount.js'
import type { VolumeRoot } from './volume-root.js'

/** Copies a volume's content, whatever form it has, into a directory. */
export async function copyContent(content: Content, data: string, root: VolumeRoot, call: DriverCall): Promise<void> {
  const copy = async (path: string) => void (await copyTree(path, data, treeCall(data, call)))
  if (content.kind === 'image') await readImage(content, root, call, copy)
  else await copy(content.path)
}

/** How trees are copied for a driver's call: what is left out is logged. */
export function treeCall(
  subject: string,
  { signal, log }: DriverCall,
): {
  readonly signal: AbortSignal
  readonly onWarning: (warning: TreeWarning) => void
} {
  return {
    signal,
    onWarning: ({ code, path, message }) => log.warn({ subject, code, path }, message),
  }
}

import { constants } from 'node:fs'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'
import { TreeCopy } from './copy-tree.js'
import { loadNodeCalls } from './node-calls.js'
import { findInRoot } from './root-path.js'

/**
 * Fills an empty volume with what a root file system has at a path: Docker's rule. The volume's own directory takes owner, mode
 * and extended attributes of the image's, also when that is empty. A volume that holds anything is not touched, and nothing happens
 * when the image has no directory there.
 *
 * The path is resolved inside the root. Below the volume every step goes through descriptors, so that another container that
 * has the volume mounted cannot lead a write out of it.
 *
 * @param root of the image, read-only
 * @param target in the container
 * @param volume the mounted volume's directory
 */
export async function copyUp(root: string, target: string, volume: string, signal?: AbortSignal): Promise<void> {
  const source = findInRoot(root, target)
  if (source === undefined) return
  try {
    if (source.isDirectory && (await readdir(volume)).length === 0) await fill(source.fd, volume, signal)
  } catch (error) {
    throw PouchError.from(error, {
      op: 'container.create',
      subject: volume,
      message: `failed to populate volume: cannot copy '${target}' of the image into '${volume}'`,
    })
  } finally {
    source.close()
  }
}

async function fill(sourceFd: number, volume: string, signal: AbortSignal | undefined): Promise<void> {
  const from = await openDirectory(`/proc/self/fd/${sourceFd}`)
  try {
    const to = await openDirectory(volume)
    try {
      await new TreeCopy(await loadNodeCalls(), signal).directory(from, to)
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
}

function openDirectory(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY)
}

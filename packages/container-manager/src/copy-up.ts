import { readdir } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'
import { copyTree, type TreeWarning } from '@pouch/file-tree'
import { findInRoot } from './root-path.js'
import type { Logger } from './sources.js'

/** What belongs to the layer that an image's file lies in, and not to the file. */
const ofTheLayer = 'trusted.overlay.'

/**
 * Fills an empty volume with what a root file system has at a path: Docker's rule. The volume's own directory takes owner, mode
 * and extended attributes of the image's, also when that is empty. A volume that holds anything is not touched, nor is a file that
 * another container makes in it meanwhile; nothing happens when the image has no directory there.
 *
 * The path is resolved inside the root. Below the volume every step goes through descriptors, so that another container that
 * has the volume mounted cannot lead a write out of it.
 *
 * @param root of the image, read-only
 * @param target in the container
 * @param volume the mounted volume's directory
 * @throws PouchError also when an owner or a device of the image cannot be had in the volume
 */
export async function copyUp(
  root: string,
  target: string,
  volume: string,
  call: { readonly log: Logger; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const source = findInRoot(root, target)
  if (source === undefined) return
  try {
    if (!source.isDirectory || (await readdir(volume)).length > 0) return
    // The dot: what the descriptor stands for, and what a driver's path leads to, be that a link.
    await copyTree(`/proc/self/fd/${source.fd}/.`, `${volume}/.`, {
      signal: call.signal,
      existing: 'refuse',
      // A layer comes from an archive, whose holes containerd fills.
      holes: 'from-zeros',
      keepsAttribute: (name) => !name.startsWith(ofTheLayer),
      onWarning: (warning) => judge(warning, volume, call.log),
    })
  } catch (error) {
    const { code, message, details } = PouchError.from(error)
    const text = `failed to populate volume: cannot copy '${target}' of the image into '${volume}': ${message}`
    throw new PouchError(code, text, { op: 'container.create', subject: volume, details, cause: error })
  } finally {
    source.close()
  }
}

/** Sockets mean nothing without their process, and not every file system takes every attribute; all else has to come across. */
function judge({ code, path, message }: TreeWarning, volume: string, log: Logger): void {
  if (code === 'ownership' || code === 'device') throw new PouchError('permission-denied', message)
  if (code !== 'socket' && code !== 'attribute') throw new PouchError('conflict', message)
  log.debug({ volume, path }, message)
}

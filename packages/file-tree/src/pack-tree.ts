import { PouchError } from '@pouch/errors'
import type { TreeCall } from './tree-call.js'

/** How to pack. */
export type PackOptions = TreeCall

/** A directory as a tar archive. */
export async function* packTree(root: string, _options: PackOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.reject(new PouchError('unsupported', `${root} cannot be packed by this version yet`))
}

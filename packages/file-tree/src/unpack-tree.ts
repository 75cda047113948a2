import { PouchError } from '@pouch/errors'
import type { TreeTotals, WriteTreeCall } from './tree-call.js'

/** Bounds of what an archive may make. */
export interface UnpackLimits {
  /** Entries at most. */
  readonly entries?: number | undefined
  /** Bytes of content at most, holes not counted. */
  readonly bytes?: number | undefined
}

/** How to unpack. */
export interface UnpackOptions extends WriteTreeCall {
  readonly limits?: UnpackLimits | undefined
}

/** Unpacks a tar archive into an existing directory. Durable when it resolves. */
export async function unpackTree(
  root: string,
  _source: AsyncIterable<Uint8Array>,
  _options: UnpackOptions = {},
): Promise<TreeTotals> {
  return await Promise.reject(new PouchError('unsupported', `${root} cannot be unpacked into by this version yet`))
}

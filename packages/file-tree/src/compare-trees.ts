import { PouchError } from '@pouch/errors'
import type { Ownership, TreeCall } from './tree-call.js'

/** How to compare. */
export interface CompareOptions extends Pick<TreeCall, 'signal' | 'onProgress' | 'loadKoffi'> {
  /** How many differences to look for; 10 unless given. */
  readonly most?: number | undefined
  /** With `caller` owners are not compared, nor set-user-id bits. */
  readonly ownership?: Ownership | undefined
}

/** Something that is not the same in two trees. */
export interface TreeDifference {
  /** Relative to the roots; `.` is the root. */
  readonly path: string
  readonly what:
    | 'missing'
    | 'extra'
    | 'kind'
    | 'mode'
    | 'owner'
    | 'mtime'
    | 'size'
    | 'content'
    | 'target'
    | 'device'
    | 'attributes'
    | 'links'
  /** A sentence for a person. */
  readonly message: string
}

/** The first differences of two directories. Empty when they hold the same. */
export async function compareTrees(
  a: string,
  b: string,
  _options: CompareOptions = {},
): Promise<readonly TreeDifference[]> {
  return await Promise.reject(new PouchError('unsupported', `${a} cannot be compared to ${b} by this version yet`))
}

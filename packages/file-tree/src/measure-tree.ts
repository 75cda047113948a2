import { PouchError } from '@pouch/errors'

/** How to measure. */
export interface MeasureOptions {
  readonly signal?: AbortSignal | undefined
}

/** What a tree takes up. A file with several links counts once; other filesystems below the root are left out. */
export interface TreeSize {
  /** The sizes of the regular files, holes counted: Docker's figure. */
  readonly apparentBytes: number
  /** The blocks of everything, directories too: what du tells. */
  readonly diskBytes: number
  /** Files, directories and so on, the root among them. */
  readonly inodes: number
}

/** Counts what is in a directory. */
export async function measureTree(root: string, _options: MeasureOptions = {}): Promise<TreeSize> {
  return await Promise.reject(new PouchError('unsupported', `${root} cannot be measured by this version yet`))
}

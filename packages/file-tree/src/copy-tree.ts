import { PouchError } from '@pouch/errors'
import type { TreeTotals, WriteTreeCall } from './tree-call.js'

/** How to copy. */
export type CopyOptions = WriteTreeCall

/** What was copied, and how. */
export interface CopyOutcome extends TreeTotals {
  /** `reflink`: every file shares its blocks with its source until one of them is written to. `copy`: some take up space of their own. */
  readonly method: 'reflink' | 'copy'
}

/** Copies what is in one directory into another one, which exists. Durable when it resolves. */
export async function copyTree(from: string, to: string, _options: CopyOptions = {}): Promise<CopyOutcome> {
  return await Promise.reject(new PouchError('unsupported', `${from} cannot be copied to ${to} by this version yet`))
}

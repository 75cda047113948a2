import type { KoffiLoader } from '@pouch/libc'

/** What every work on a tree takes. */
export interface TreeCall {
  /** Ends the work at the next safe point. What was written until then stays, and is the caller's to remove. */
  readonly signal?: AbortSignal | undefined
  /** Told what was left out or could not be kept. It is called while the work goes on; what it throws fails the work. */
  readonly onWarning?: ((warning: TreeWarning) => void) | undefined
  /** Told how far the work is, ten times a second at most, and once at the end. */
  readonly onProgress?: ((progress: TreeProgress) => void) | undefined
  /** Brings koffi in; `import('koffi')` unless given. */
  readonly loadKoffi?: KoffiLoader | undefined
}

/** What writes a tree takes beside that. */
export interface WriteTreeCall extends TreeCall {
  /**
   * `keep` (the default): files belong to whom the source says; where that takes more rights than the caller has, they stay the
   * caller's, and a warning says so. `caller`: all files are the caller's, and set-user-id bits are dropped.
   */
  readonly ownership?: Ownership | undefined
}

/** See {@link WriteTreeCall.ownership}. */
export type Ownership = 'keep' | 'caller'

/**
 * Why something was left out, or is not what it was:
 *
 * - `socket`: a socket; it means nothing without its process.
 * - `other-filesystem`: something is mounted there; it was not entered.
 * - `changed`: a file changed, grew, shrank or vanished while it was read.
 * - `ownership`: owners could not be set; told once for all of them.
 * - `attribute`: an extended attribute, an ACL or a time cannot be kept there.
 * - `device`: a device could not be made.
 * - `archive`: something in an archive that this version passes over.
 */
export type TreeWarningCode =
  | 'socket'
  | 'other-filesystem'
  | 'changed'
  | 'ownership'
  | 'attribute'
  | 'device'
  | 'archive'

/** Something that was left out or could not be kept. */
export interface TreeWarning {
  readonly code: TreeWarningCode
  /** The entry, relative to the root; `.` is the root. Bytes that are no printable UTF-8 are written `\xff`. */
  readonly path: string
  /** A sentence for a person. */
  readonly message: string
}

/** How far a work is. */
export interface TreeProgress {
  /** Files, directories and so on that are done. */
  readonly entries: number
  /** Bytes of content that are done; holes are not counted. */
  readonly bytes: number
}

/** What was done in all. */
export interface TreeTotals extends TreeProgress {
  /** How many warnings there were. */
  readonly warnings: number
}

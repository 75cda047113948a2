import type { Attribute } from '../attribute.js'
import type { ByteName } from '../byte-name.js'
import type { FileKind } from '../file-stat.js'
import type { Extent } from '../sparse-map.js'

/** An entry of an archive, as its headers tell it. Nothing of it is trusted. */
export interface Member {
  readonly name: ByteName
  readonly kind: Exclude<FileKind, 'socket'> | 'link'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtimeNs: bigint
  /** The target of a symbolic link; the other name of a hard link. */
  readonly linkName: ByteName
  readonly major: number
  readonly minor: number
  readonly attributes: readonly Attribute[]
  /** Of a file, holes counted. */
  readonly size: number
  /** Where the bytes that follow belong, in their order; they are all of them. */
  readonly extents: readonly Extent[]
  /** Where the entry's header is in the archive. */
  readonly offset: number
}

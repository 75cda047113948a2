/** What a file is. */
export type FileKind = 'file' | 'directory' | 'symlink' | 'character-device' | 'block-device' | 'fifo' | 'socket'

/** What Linux tells of a file. */
export interface FileStat {
  readonly kind: FileKind
  /** Permissions, with the set-id and sticky bits: 12 bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes. */
  readonly size: number
  /** Nanoseconds since 1970; may be negative. */
  readonly mtimeNs: bigint
  /** The file system that it is on. */
  readonly device: number
  readonly inode: bigint
  readonly links: number
  readonly major: number
  readonly minor: number
  readonly diskBytes: number
  /** Whether something is mounted right here. */
  readonly isMountRoot: boolean
}

const kinds: ReadonlyMap<number, FileKind> = new Map([
  [0o10, 'file'],
  [0o04, 'directory'],
  [0o12, 'symlink'],
  [0o02, 'character-device'],
  [0o06, 'block-device'],
  [0o01, 'fifo'],
  [0o14, 'socket'],
])

/** Whether a descriptor of it is open, for reading or writing; of all else it only holds the place. */
export function isOpened({ kind }: Pick<FileStat, 'kind'>): boolean {
  return kind === 'file' || kind === 'directory'
}

/** Equal for two names of one file. */
export function fileId({ device, inode }: FileStat): string {
  return `${device}:${inode}`
}

const attributeMountRoot = 0x2000n

/** The size of the kernel's `struct statx`. */
export const statxBytes = 256

/** Reads the kernel's `struct statx`, in the byte order of this machine. */
export function parseStatx(view: DataView, littleEndian: boolean): FileStat {
  const word = (offset: number) => view.getUint32(offset, littleEndian)
  const long = (offset: number) => view.getBigUint64(offset, littleEndian)
  const type = view.getUint16(28, littleEndian)
  return {
    kind: kinds.get(type >> 12) ?? 'socket',
    mode: type & 0o7777,
    uid: word(20),
    gid: word(24),
    size: Number(long(40)),
    mtimeNs: view.getBigInt64(112, littleEndian) * 1_000_000_000n + BigInt(word(120)),
    device: word(136) * 2 ** 32 + word(140),
    inode: long(32),
    links: word(16),
    major: word(128),
    minor: word(132),
    diskBytes: Number(long(48)) * 512,
    isMountRoot: (long(8) & attributeMountRoot) !== 0n,
  }
}

import { endianness } from 'node:os'
import { PouchError } from '@pouch/errors'
import { type Bound, bindLibc, type KoffiLoader, type Outcome } from '@pouch/libc'
import { type ByteName, bytesOf } from './byte-name.js'
import { openFlags, sameAs } from './descriptor.js'
import { type FileStat, parseStatx, statxBytes } from './file-stat.js'
import { type PromptWork, promptly, settled } from './prompt-work.js'
import { declarations, mknodatNumbers } from './system-declarations.js'
import { systemError } from './tree-error.js'

const emptyPath = 0x1000
const dontSync = 0x4000
const basicStats = 0x7ff
const ficlone = 0x40049409
const seekData = 3
const seekHole = 4
const utimeOmit = 0x3ffffffe
const mostListBytes = 65536

/** Numbers that are the same on every machine. */
const openat2Number = 437
const cachestatNumber = 451
const closeOnExec = 0o2000000
const createFlags = openFlags.create | closeOnExec
/** Fails rather than wait for a disk; stays below the directory; follows nothing. */
const resolveCached = 0x20n | 0x08n | 0x04n | 0x02n
const pageBytes = 4096

/** What is there at once, or later. */
type Later<T> = T | Promise<T>

/** By what brings koffi in. Binding takes a millisecond, and memory that koffi gives back late. */
const loaded = new WeakMap<object, Promise<SystemCalls>>()

/** The system calls that Node does not have, on descriptors. A call that fails throws an error with `code`, as Node's do. */
export class SystemCalls {
  readonly #libc: Bound<typeof declarations>
  readonly #littleEndian = endianness() === 'LE'
  readonly #statx = Buffer.alloc(statxBytes)
  readonly #statxView = new DataView(this.#statx.buffer, this.#statx.byteOffset, statxBytes)
  readonly #list = Buffer.alloc(mostListBytes)
  readonly #how = new Uint8Array(new BigUint64Array([BigInt(openFlags.place | closeOnExec), 0n, resolveCached]).buffer)
  readonly #range = new BigUint64Array(2)
  readonly #cached = new BigUint64Array(5)
  readonly #times = new BigInt64Array(4)
  readonly #timesBytes = new Uint8Array(this.#times.buffer)
  readonly #rangeBytes = new Uint8Array(this.#range.buffer)
  readonly #cachedBytes = new Uint8Array(this.#cached.buffer)
  #hasOpenCached = true
  #hasCachestat = true

  private constructor(libc: Bound<typeof declarations>) {
    this.#libc = libc
  }

  /** @throws PouchError `unsupported` outside 64-bit Linux and where koffi cannot be loaded */
  static async load(op: string, loadKoffi?: KoffiLoader): Promise<SystemCalls> {
    const mknodat = mknodatNumbers[process.arch]
    if (process.platform !== 'linux' || mknodat === undefined) {
      const message = `${op} needs Linux on a 64-bit machine; this is ${process.platform} on ${process.arch}`
      throw new PouchError('unsupported', message, { op })
    }
    const key = loadKoffi ?? SystemCalls
    const loading = loaded.get(key) ?? bindLibc(declarations, loadKoffi).then((libc) => new SystemCalls(libc))
    loaded.set(key, loading)
    // What failed may be installed by the next time.
    loading.catch(() => loaded.delete(key))
    return await loading
  }

  /**
   * Holds what a name of a directory stands for, where the kernel has it in memory and so needs not wait. @returns `undefined` where it
   * has not, or cannot tell; the name may then be there or not
   */
  holdCached(directory: number, name: ByteName): number | undefined {
    if (!this.#hasOpenCached) return undefined
    const { value, errno } = this.#libc.openat2(openat2Number, directory, terminated(name), this.#how, this.#how.length)
    // A kernel before 5.12, or a sandbox that does not let it through.
    if (errno === 'ENOSYS' || errno === 'EINVAL' || errno === 'EPERM') this.#hasOpenCached = false
    return errno === undefined ? Number(value) : undefined
  }

  /** Whether the first bytes of a file are all in memory, so that reading them waits for nothing. `false` where the kernel cannot tell (before 6.5). */
  isCached(descriptor: number, bytes: number): boolean {
    if (!this.#hasCachestat) return false
    this.#range[1] = BigInt(bytes)
    const { errno } = this.#libc.cachestat(cachestatNumber, descriptor, this.#rangeBytes, this.#cachedBytes, 0)
    if (errno !== undefined) this.#hasCachestat = errno !== 'ENOSYS' && errno !== 'EPERM'
    return errno === undefined && Number(this.#cached[0] ?? 0n) * pageBytes >= bytes
  }

  /** Makes a file, on this thread. @returns it, open for writing @throws an error with EEXIST where anything has that name */
  create(directory: number, name: ByteName, mode: number): number {
    return Number(succeed('openat', this.#libc.openat(directory, terminated(name), createFlags, mode)))
  }

  /** What a descriptor holds. Its inode was read when it was opened, so that nothing waits here. */
  stat(descriptor: number): FileStat {
    succeed('statx', this.#libc.statx(descriptor, '', emptyPath | dontSync, basicStats, this.#statx))
    return parseStatx(this.#statxView, this.#littleEndian)
  }

  /** The next byte of data at or after an offset; `undefined` when the rest is a hole. */
  async nextData(descriptor: number, offset: number): Promise<number | undefined> {
    const outcome = await this.#libc.lseek.async(descriptor, offset, seekData)
    return outcome.errno === 'ENXIO' ? undefined : Number(succeed('lseek', outcome))
  }

  /** Where the data at an offset ends. */
  async nextHole(descriptor: number, offset: number): Promise<number> {
    return Number(succeed('lseek', await this.#libc.lseek.async(descriptor, offset, seekHole)))
  }

  /**
   * The names of the extended attributes. `isOpen`: the descriptor is open, rather than that it only holds the file. `atOnce`: on this thread,
   * where it is done when the call returns; for a file system that has it at hand. The same for all below that have these.
   */
  attributeNames(descriptor: number, isOpen: boolean, atOnce: boolean): Later<readonly ByteName[]> {
    const { flistxattr, listxattr } = this.#libc
    const most = mostListBytes
    // The list that all share is read before anybody else runs.
    if (atOnce && isOpen) return namesIn(this.#list, flistxattr(descriptor, this.#list, most))
    if (atOnce) return namesIn(this.#list, listxattr(sameAs(descriptor), this.#list, most))
    const list = Buffer.allocUnsafe(most)
    return listxattr.async(sameAs(descriptor), list, most).then((outcome) => namesIn(list, outcome))
  }

  /** The value of an extended attribute; `undefined` when it is not there. */
  attribute(descriptor: number, name: ByteName, atOnce: boolean): Later<Buffer | undefined> {
    return promptly(this.#attribute(descriptor, name, atOnce))
  }

  setAttribute(descriptor: number, name: ByteName, value: Buffer, atOnce: boolean): Later<void> {
    // A pointer to nothing is null in koffi, which the kernel takes as well; one byte that is not read is as good.
    const buffer = value.length === 0 ? Buffer.alloc(1) : value
    const key = terminated(name)
    const { setxattr } = this.#libc
    const args = [sameAs(descriptor), key, buffer, value.length, 0] as const
    if (!atOnce) return succeedLater('setxattr', setxattr.async(...args))
    succeed('setxattr', setxattr(...args))
  }

  *#attribute(descriptor: number, name: ByteName, atOnce: boolean): PromptWork<Buffer | undefined> {
    const [path, key] = [sameAs(descriptor), terminated(name)]
    const get = atOnce ? this.#libc.getxattr : this.#libc.getxattr.async
    for (let size = 256; ; size = 65536) {
      const value = Buffer.allocUnsafe(size)
      const outcome = yield* settled(get(path, key, value, size))
      if (outcome.errno === 'ERANGE' && size < 65536) continue
      if (outcome.errno === 'ENODATA' || outcome.errno === 'ENOTSUP') return undefined
      return value.subarray(0, Number(succeed('getxattr', outcome)))
    }
  }

  async removeAttribute(descriptor: number, name: ByteName): Promise<void> {
    const outcome = await this.#libc.removexattr.async(sameAs(descriptor), terminated(name))
    if (outcome.errno !== 'ENODATA' && outcome.errno !== 'ENOTSUP') succeed('removexattr', outcome)
  }

  /** Sets the time of the last change, to the nanosecond; the time of the last access stays. */
  setMtime(descriptor: number, mtimeNs: bigint, isOpen: boolean, atOnce: boolean): Later<void> {
    // What another thread reads is its own.
    const times = atOnce ? this.#times : new BigInt64Array(4)
    const nanoseconds = ((mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
    times[1] = BigInt(utimeOmit)
    times[2] = (mtimeNs - nanoseconds) / 1_000_000_000n
    times[3] = nanoseconds
    const buffer = atOnce ? this.#timesBytes : new Uint8Array(times.buffer)
    const { futimens, utimensat } = this.#libc
    const args = [-100, sameAs(descriptor), buffer, 0] as const
    if (!atOnce) return succeedLater('utimensat', utimensat.async(...args))
    succeed('utimensat', isOpen ? futimens(descriptor, buffer) : utimensat(...args))
  }

  /** Makes a device, a FIFO. `type`: the file type's bits, with the permissions. */
  async mknod(directory: number, name: ByteName, type: number, major: number, minor: number): Promise<void> {
    const number = mknodatNumbers[process.arch] ?? 0
    const call = this.#libc.syscall.async(number, directory, terminated(name), type, deviceNumber(major, minor))
    succeed('mknodat', await call)
  }

  /** Makes a file share all blocks of another. @returns whether the file system could */
  async clone(source: number, target: number): Promise<boolean> {
    const outcome = await this.#libc.ioctl.async(target, ficlone, source)
    if (outcome.errno !== undefined && cannotClone.has(outcome.errno)) return false
    succeed('ioctl', outcome)
    return true
  }

  /** Copies inside the kernel, at the same offset of both. @returns how many bytes; `undefined` when the kernel cannot for these two */
  async copyRange(source: number, target: number, offset: number, length: number): Promise<number | undefined> {
    const [from, to] = [new BigInt64Array([BigInt(offset)]), new BigInt64Array([BigInt(offset)])]
    const [a, b] = [new Uint8Array(from.buffer), new Uint8Array(to.buffer)]
    const outcome = await this.#libc.copy_file_range.async(source, a, target, b, length, 0)
    if (outcome.errno !== undefined && cannotClone.has(outcome.errno)) return undefined
    return Number(succeed('copy_file_range', outcome))
  }

  /** Brings a whole file system to the disk. */
  async syncFilesystem(descriptor: number): Promise<void> {
    succeed('syncfs', await this.#libc.syncfs.async(descriptor))
  }
}

/** A name as C takes it. */
function terminated(name: ByteName): Buffer {
  return bytesOf(`${name}\0`)
}

const cannotClone = new Set(['EOPNOTSUPP', 'ENOTSUP', 'EXDEV', 'EINVAL', 'ENOTTY', 'ENOSYS', 'EPERM'])

/** The kernel's form of a device's number (`new_encode_dev`). */
function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) + major * 256 + (minor >>> 8) * 0x100000
}

function namesIn(buffer: Buffer, outcome: Outcome): readonly ByteName[] {
  if (outcome.errno === 'EOPNOTSUPP' || outcome.errno === 'ENOTSUP') return []
  const length = Number(succeed('listxattr', outcome))
  return length === 0 ? [] : buffer.toString('latin1', 0, length - 1).split('\0')
}

function succeed(call: string, { value, errno }: Outcome): number | bigint {
  if (errno !== undefined) throw systemError(call, errno)
  return value
}

async function succeedLater(call: string, outcome: Promise<Outcome>): Promise<void> {
  succeed(call, await outcome)
}

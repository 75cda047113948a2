import { endianness } from 'node:os'
import { PouchError } from '@pouch/errors'
import { type Bound, bindLibc, type KoffiLoader, type Outcome } from '@pouch/libc'

const declarations = {
  ioctl: { returns: 'int', args: ['int', 'ulong', 'void *'] },
  ioctlNumber: { returns: 'int', args: ['int', 'ulong', 'ulong'], symbol: 'ioctl' },
  flock: { returns: 'int', args: ['int', 'int'] },
  syncfs: { returns: 'int', args: ['int'] },
  quotactl: { returns: 'int', args: ['int', 'str', 'int', 'void *'] },
  quotactlFd: { returns: 'long', args: ['long', 'int', 'uint32', 'uint32', 'void *'], symbol: 'syscall' },
  mknodat: { returns: 'long', args: ['long', 'int', 'str', 'uint32', 'uint64'], symbol: 'syscall' },
} as const

const quotactlFdNumber = 443
const mknodatNumbers: Readonly<Record<string, number>> = { x64: 259, arm64: 33, riscv64: 33, loong64: 33 }
const currentDirectoryFd = -100

/** How a {@link Kernel} is reached. */
export interface KernelOptions {
  /** Brings koffi in; `import('koffi')` unless given. */
  readonly loadKoffi?: KoffiLoader | undefined
}

/**
 * The kernel's calls that Node does not have. The C library is bound at the first call, and a call runs on another thread, since it
 * may wait for a disk.
 */
export class Kernel {
  readonly #loadKoffi: KoffiLoader | undefined
  #bound: Promise<Bound<typeof declarations>> | undefined

  constructor(options: KernelOptions = {}) {
    this.#loadKoffi = options.loadKoffi
  }

  /** ioctl(2). A buffer is read and written in place. */
  async ioctl(fd: number, request: number, argument: Uint8Array | number): Promise<Outcome> {
    const { ioctl, ioctlNumber } = await this.#libc()
    return typeof argument === 'number'
      ? await ioctlNumber.async(fd, request, argument)
      : await ioctl.async(fd, request, argument)
  }

  /** ioctl(2) on this thread, for what is done in an instant and must not wait for a thread that is free. */
  async ioctlHere(fd: number, request: number, argument: number): Promise<Outcome> {
    return (await this.#libc()).ioctlNumber(fd, request, argument)
  }

  /** quotactl_fd(2), for any file of the filesystem. `ENOSYS` before Linux 5.14. */
  async quotactlFd(fd: number, command: number, id: number, buffer: Uint8Array): Promise<Outcome> {
    return await (await this.#libc()).quotactlFd.async(quotactlFdNumber, fd, command, id, buffer)
  }

  /** quotactl(2), which takes the node of the block device. */
  async quotactl(device: string, command: number, id: number, buffer: Uint8Array): Promise<Outcome> {
    // The C library's prototype has signed integers.
    return await (await this.#libc()).quotactl.async(command | 0, device, id | 0, buffer)
  }

  /** flock(2), without waiting for the lock. The lock lives as long as the open file, also where a loop device holds it. */
  async tryLock(fd: number): Promise<Outcome> {
    return await (await this.#libc()).flock.async(fd, 2 | 4)
  }

  /** syncfs(2). */
  async syncFilesystem(fd: number): Promise<Outcome> {
    return await (await this.#libc()).syncfs.async(fd)
  }

  /** mknodat(2) of a block device that only its owner may use. */
  async makeBlockNode(path: string, device: bigint): Promise<Outcome> {
    const number = mknodatNumbers[process.arch] ?? 0
    return await (await this.#libc()).mknodat.async(number, currentDirectoryFd, path, 0o60600, device)
  }

  #libc(): Promise<Bound<typeof declarations>> {
    this.#bound ??= bind(this.#loadKoffi)
    return this.#bound
  }
}

/** The kernel below this process; what every function of the package uses unless told otherwise. */
export const systemKernel = new Kernel()

/** What every function takes last. */
export interface QuotaCall {
  /** The kernel below this process unless given. */
  readonly kernel?: Kernel | undefined
}

/** The records that travel here are laid out as on these machines. */
async function bind(load: KoffiLoader | undefined): Promise<Bound<typeof declarations>> {
  if (process.platform === 'linux' && (mknodatNumbers[process.arch] === undefined || endianness() !== 'LE')) {
    const known = Object.keys(mknodatNumbers).join(', ')
    const message = `quotas are set by calls whose layout is known for ${known}, and this is ${process.arch}; use one of these`
    throw new PouchError('unsupported', message, { op: 'quota', details: { arch: process.arch } })
  }
  return await bindLibc(declarations, load)
}

import { codeOfErrno, PouchError } from '@pouch/errors'
import type koffiModule from 'koffi'

/** System calls of Linux that Node has no name for, through koffi. */
export interface NodeCalls {
  /** Makes a device, a FIFO or a socket. @param rdev as stat tells it */
  makeNode(path: string, mode: number, rdev: number): void
  /** Copies extended attributes from one open file to another, as far as the target takes them. */
  copyAttributes(from: number, to: number): void
}

type Koffi = typeof koffiModule

const maxBytes = 64 * 1024
/** What a file system or the kernel says that will not have an attribute. */
const tolerated = ['EOPNOTSUPP', 'ENOTSUP', 'EPERM', 'EACCES', 'ENODATA', 'EINVAL', 'ENOSPC']

/** Loads koffi. @throws PouchError `unsupported` when it has no binary for this machine */
export async function loadNodeCalls(): Promise<NodeCalls> {
  try {
    const { default: koffi } = await import('koffi')
    return bind(koffi)
  } catch (cause) {
    throw new PouchError(
      'unsupported',
      'filling a volume from an image takes the package koffi, which cannot be loaded here',
      {
        op: 'container.create',
        subject: 'koffi',
        cause,
      },
    )
  }
}

function bind(koffi: Koffi): NodeCalls {
  const libc = koffi.load(null)
  const mknod: (path: string, mode: number, device: number) => number = libc.func(
    'int mknod(const char *path, uint32_t mode, uint64_t device)',
  )
  const list: (fd: number, names: Buffer, size: number) => number = libc.func(
    'int64_t flistxattr(int fd, _Out_ uint8_t *names, size_t size)',
  )
  const get: (fd: number, name: string, value: Buffer, size: number) => number = libc.func(
    'int64_t fgetxattr(int fd, const char *name, _Out_ uint8_t *value, size_t size)',
  )
  const set: (fd: number, name: string, value: Buffer, size: number, flags: number) => number = libc.func(
    'int fsetxattr(int fd, const char *name, const uint8_t *value, size_t size, int flags)',
  )
  const errno = (): string => errnoName(koffi)
  return {
    makeNode: (path, mode, rdev) => {
      if (mknod(path, mode, rdev) !== 0) throw failed(`make the device '${path}'`, errno())
    },
    copyAttributes: (from, to) => {
      const names = Buffer.alloc(maxBytes)
      const length = list(from, names, maxBytes)
      if (length < 0) return tolerate('list attributes', errno())
      for (const name of names.toString('utf8', 0, length).split('\0')) {
        if (name === '' || name.startsWith('trusted.overlay.')) continue
        const value = Buffer.alloc(maxBytes)
        const size = get(from, name, value, maxBytes)
        if (size < 0) tolerate(`read ${name}`, errno())
        else if (set(to, name, value, size, 0) !== 0) tolerate(`set ${name}`, errno())
      }
    },
  }
}

function errnoName(koffi: Koffi): string {
  const number = koffi.errno()
  return Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `errno ${number}`
}

function tolerate(what: string, errno: string): void {
  if (!tolerated.includes(errno)) throw failed(what, errno)
}

function failed(what: string, errno: string): PouchError {
  return new PouchError(codeOfErrno(errno), `cannot ${what}: ${errno}`, { op: 'container.create', details: { errno } })
}

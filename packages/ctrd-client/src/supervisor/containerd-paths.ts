import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'

/** Where a supervised containerd keeps its things. */
export interface ContainerdPaths {
  /** `<home>/containerd`: everything below is in it, but for a socket that would be too deep. */
  readonly folder: string
  readonly config: string
  readonly root: string
  readonly state: string
  readonly opt: string
  /** For runc's `root` option: by default every containerd of the machine shares one. */
  readonly runcRoot: string
  readonly log: string
  /** The process that runs. */
  readonly record: string
  readonly lock: string
  readonly address: string
  /** A directory of ours outside the home, made for the socket and removed with it. */
  readonly socketFolder?: string | undefined
}

// The kernel takes 107 bytes, and containerd makes a second socket with `.ttrpc` behind the name.
const longestAddress = 107 - '.ttrpc'.length

/**
 * The paths for a home. A socket whose path would be too long for the kernel goes into a directory of its own under /run.
 *
 * @throws PouchError `invalid-argument` for a home that is not absolute, or an address that is too long
 */
export function containerdPaths(home: string, address?: string): ContainerdPaths {
  assertAbsolute(home, 'home')
  const folder = join(home, 'containerd')
  return {
    folder,
    config: join(folder, 'config.toml'),
    root: join(folder, 'root'),
    state: join(folder, 'state'),
    opt: join(folder, 'opt'),
    runcRoot: join(folder, 'runc'),
    log: join(folder, 'containerd.log'),
    record: join(folder, 'process.json'),
    lock: join(folder, 'lock'),
    ...socket(folder, address),
  }
}

function socket(folder: string, address: string | undefined): Pick<ContainerdPaths, 'address' | 'socketFolder'> {
  if (address !== undefined) {
    assertAbsolute(address, 'address')
    if (isShort(address)) return { address }
    const message = `the address ${address} is too long: at most ${longestAddress} bytes`
    throw new PouchError('invalid-argument', message, { op: 'containerd.supervise', subject: address })
  }
  const inHome = join(folder, 'containerd.sock')
  if (isShort(inHome)) return { address: inHome }
  const socketFolder = `/run/pouch-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`
  return { address: join(socketFolder, 'containerd.sock'), socketFolder }
}

function isShort(path: string): boolean {
  return Buffer.byteLength(path) <= longestAddress
}

function assertAbsolute(path: string, what: string): void {
  const isOdd = [...path].some((character) => character < ' ' || character === '\u007f')
  if (path.startsWith('/') && !isOdd) return
  const message = `the ${what} '${path}' is not an absolute path without control characters`
  throw new PouchError('invalid-argument', message, { op: 'containerd.supervise', subject: path })
}

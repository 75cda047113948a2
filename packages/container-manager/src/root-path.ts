import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs'
import { PouchError } from '@pouch/errors'

const oPath = 0o10000000
const maxHops = 40

/** A place inside a root that was found without ever leaving it. Close it with {@link RootEntry.close}. */
export interface RootEntry {
  /** An O_PATH descriptor of what is there. */
  readonly fd: number
  /** Its path from the root, symlinks resolved, with a leading slash. */
  readonly path: string
  readonly isDirectory: boolean
  readonly isFile: boolean
  close(): void
}

/**
 * Finds `path` below `root` as a process with that root would: absolute symlinks and `..` stay inside. Every step is taken
 * by descriptor, so that a tree that changes meanwhile cannot lead out of the root either.
 *
 * @returns `undefined` when there is nothing at that path
 * @throws PouchError `invalid-argument` when symlinks go in circles or a file is used as a directory
 */
export function findInRoot(root: string, path: string): RootEntry | undefined {
  const walk = new RootWalk(root)
  try {
    return walk.find(path)
  } finally {
    walk.close()
  }
}

/**
 * Reads a text file below `root`; see {@link findInRoot}.
 *
 * @returns `undefined` when it is not there or not a regular file
 * @throws PouchError `exhausted` when it is longer than `maxBytes`
 */
export function readInRoot(root: string, path: string, maxBytes: number): string | undefined {
  const entry = findInRoot(root, path)
  if (entry === undefined) return undefined
  try {
    return entry.isFile ? readAll(entry.fd, path, maxBytes) : undefined
  } finally {
    entry.close()
  }
}

class RootWalk {
  readonly #root: string
  readonly #names: string[] = []
  readonly #fds: number[] = []
  #hops = 0

  constructor(root: string) {
    this.#root = root
    this.#fds.push(openSync(root, oPath | constants.O_DIRECTORY))
  }

  find(path: string): RootEntry | undefined {
    const rest = path.split('/').reverse()
    while (rest.length > 0) {
      const name = rest.pop() ?? ''
      if (name === '' || name === '.') continue
      if (name === '..') this.#up()
      else if (!this.#down(name, rest)) return undefined
    }
    return this.#here()
  }

  close(): void {
    for (const fd of this.#fds.splice(0)) closeSync(fd)
  }

  #up(): void {
    if (this.#names.length === 0) return
    this.#names.pop()
    const fd = this.#fds.pop()
    if (fd !== undefined) closeSync(fd)
  }

  #down(name: string, rest: string[]): boolean {
    const at = `/proc/self/fd/${this.#fds.at(-1)}/${name}`
    const fd = openPath(at)
    if (fd === undefined) return false
    const stat = fstatSync(fd)
    if (stat.isSymbolicLink()) {
      closeSync(fd)
      this.#follow(readlinkSync(at), rest)
      return true
    }
    this.#names.push(name)
    this.#fds.push(fd)
    if (!stat.isDirectory() && rest.some((part) => part !== '' && part !== '.'))
      throw this.#refused('a file is used as a directory')
    return true
  }

  #follow(target: string, rest: string[]): void {
    this.#hops += 1
    if (this.#hops > maxHops) throw this.#refused('too many symbolic links')
    if (target.startsWith('/')) while (this.#names.length > 0) this.#up()
    rest.push(...target.split('/').reverse())
  }

  #here(): RootEntry {
    const fd = openSync(`/proc/self/fd/${this.#fds.at(-1)}`, oPath)
    const stat = fstatSync(fd)
    return {
      fd,
      path: `/${this.#names.join('/')}`,
      isDirectory: stat.isDirectory(),
      isFile: stat.isFile(),
      close: () => closeSync(fd),
    }
  }

  #refused(why: string): PouchError {
    const path = `/${this.#names.join('/')}`
    return new PouchError('invalid-argument', `cannot follow '${path}' inside the container's root: ${why}`, {
      op: 'container.path',
      subject: path,
      details: { root: this.#root },
    })
  }
}

function openPath(path: string): number | undefined {
  try {
    return openSync(path, oPath | constants.O_NOFOLLOW)
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
    throw PouchError.from(error, { op: 'container.path', subject: path, message: `cannot look at '${path}'` })
  }
}

function readAll(pathFd: number, path: string, maxBytes: number): string {
  const fd = openSync(`/proc/self/fd/${pathFd}`, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const { size } = fstatSync(fd)
    if (size > maxBytes)
      throw new PouchError('exhausted', `'${path}' is too large to read (${size} bytes)`, {
        op: 'container.path',
        subject: path,
      })
    const buffer = Buffer.alloc(size)
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, size, 0))
  } finally {
    closeSync(fd)
  }
}

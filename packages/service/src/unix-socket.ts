import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, type Stats } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname, isAbsolute, join } from 'node:path'
import { PouchError } from '@pouch/errors'

/** Who may use a socket. */
export interface SocketAccess {
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** Options of {@link listenOnUnixSocket}. */
export interface UnixSocketOptions {
  /** The operation that errors name: `daemon.listen`. */
  readonly op: string
  /** This process's user alone, unless given. */
  readonly access?: SocketAccess | undefined
}

interface Place {
  readonly path: string
  readonly op: string
}

/** What the kernel takes for a socket's path, the end mark not counted. */
const longestPathBytes = 107

/**
 * Makes a server listen on a unix socket. It is bound in a directory of its own, gets its owner and mode there, and its name when it is
 * ready: so nobody meets it with other permissions, who scans the directory sees it whole or not at all, and one left by a dead
 * server is replaced.
 *
 * @param path absolute; missing directories above it are made
 * @returns what removes the socket again, if it is still this one
 * @throws PouchError `in-use` when somebody answers on the path, `conflict` when it is not a socket, `invalid-argument` for a path that a
 *   socket cannot have; the server is closed then
 */
export async function listenOnUnixSocket(
  server: Server,
  path: string,
  { op, access }: UnixSocketOptions,
): Promise<() => void> {
  const directory = dirname(path)
  const place = { path, op }
  try {
    checkPath(place, join(directory, '.pXXXXXX', 's'))
    mkdirSync(directory, { recursive: true, mode: 0o755 })
    const stale = await assertFree(place)
    const birthplace = mkdtempSync(join(directory, '.p'))
    try {
      const born = join(birthplace, 's')
      await bind(server, born)
      if (access !== undefined) chownSync(born, access.uid, access.gid)
      chmodSync(born, access?.mode ?? 0o600)
      assertUnchanged(place, stale)
      renameSync(born, path)
    } finally {
      rmSync(birthplace, { recursive: true, force: true })
    }
  } catch (error) {
    server.close()
    throw PouchError.from(error, { message: `cannot listen on ${path}`, op, subject: path })
  }
  const own = lstatSync(path)
  return () => {
    if (isSame(lstatSync(path, { throwIfNoEntry: false }), own)) rmSync(path, { force: true })
  }
}

function checkPath(place: Place, longest: string): void {
  const { path } = place
  if (!isAbsolute(path) || path.includes('\0') || path.endsWith('/'))
    throw refusal('invalid-argument', place, 'the path of a socket is absolute')
  if (Math.max(Buffer.byteLength(path), Buffer.byteLength(longest)) > longestPathBytes) {
    const why = `the path of a socket has at most ${longestPathBytes} bytes: choose a shorter one`
    throw refusal('invalid-argument', place, why)
  }
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

/** @returns the socket that a dead server left there */
async function assertFree(place: Place): Promise<Stats | undefined> {
  const found = lstatSync(place.path, { throwIfNoEntry: false })
  if (found === undefined) return undefined
  if (!found.isSocket())
    throw refusal('conflict', place, 'it exists and is not a socket; remove it or choose another path')
  if (await isAnswered(place)) throw answered(place)
  return found
}

// Two servers that start at a time may both have found a stale socket: the later one must not take the earlier one's away.
function assertUnchanged(place: Place, stale: Stats | undefined): void {
  const found = lstatSync(place.path, { throwIfNoEntry: false })
  if (found !== undefined && !isSame(found, stale)) throw answered(place)
}

function answered(place: Place): PouchError {
  return refusal('in-use', place, 'another process answers there; stop it or choose another path')
}

function refusal(code: 'invalid-argument' | 'conflict' | 'in-use', { path, op }: Place, why: string): PouchError {
  return new PouchError(code, `cannot listen on ${path}: ${why}`, { op, subject: path })
}

function isAnswered({ path, op }: Place): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false)
      // A full queue means that somebody is there.
      else if (error.code === 'EAGAIN') resolve(true)
      else reject(PouchError.from(error, { message: `cannot tell who listens on ${path}`, op, subject: path }))
    })
  })
}

function isSame(one: Stats | undefined, other: Stats | undefined): boolean {
  return one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev
}

import { chmodSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, type Stats } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname, isAbsolute, join } from 'node:path'
import { PouchError } from '@pouch/errors'

/** What the kernel takes for a socket's path, the end mark not counted. */
const longestPathBytes = 107
const op = 'plugin.listen'

/**
 * Makes a server listen on a unix socket that only this process's user may use. It is bound in a directory of its own and gets its name when
 * it is ready: so nobody meets it with other permissions, a client that scans the directory sees it whole or not at all, and one left by
 * a dead server is replaced.
 *
 * @returns what removes the socket again, if it is still this one
 * @throws PouchError `in-use` when somebody answers on the path, `conflict` when it is not a socket, `invalid-argument` for a path that a
 *   socket cannot have
 */
export async function listenOnUnixSocket(server: Server, path: string): Promise<() => void> {
  const directory = dirname(path)
  checkPath(path, join(directory, '.pXXXXXX', 's'))
  try {
    mkdirSync(directory, { recursive: true, mode: 0o755 })
    const stale = await assertFree(path)
    const birthplace = mkdtempSync(join(directory, '.p'))
    try {
      await bind(server, join(birthplace, 's'))
      chmodSync(join(birthplace, 's'), 0o600)
      assertUnchanged(path, stale)
      renameSync(join(birthplace, 's'), path)
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

function checkPath(path: string, longest: string): void {
  const refuse = (why: string) => {
    throw new PouchError('invalid-argument', `cannot listen on ${path}: ${why}`, { op, subject: path })
  }
  if (!isAbsolute(path) || path.includes('\0') || path.endsWith('/')) refuse('the path of a socket is absolute')
  if (Math.max(Buffer.byteLength(path), Buffer.byteLength(longest)) > longestPathBytes) {
    refuse(`the path of a socket has at most ${longestPathBytes} bytes: choose a shorter one`)
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
async function assertFree(path: string): Promise<Stats | undefined> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return undefined
  if (!found.isSocket()) {
    const text = `cannot listen on ${path}: it exists and is not a socket; remove it or choose another path`
    throw new PouchError('conflict', text, { op, subject: path })
  }
  if (await isAnswered(path)) throw answered(path)
  return found
}

// Two servers that start at a time may both have found a stale socket: the later one must not take the earlier one's away.
function assertUnchanged(path: string, stale: Stats | undefined): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found !== undefined && !isSame(found, stale)) throw answered(path)
}

function answered(path: string): PouchError {
  const text = `cannot listen on ${path}: another server answers there; stop it or choose another path`
  return new PouchError('in-use', text, { op, subject: path })
}

function isAnswered(path: string): Promise<boolean> {
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

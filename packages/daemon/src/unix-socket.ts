import { chmodSync, chownSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { PouchError } from '@pouch/errors'

/** Who may use a socket. */
export interface SocketAccess {
  /** Permission bits; 0o660 for the daemon. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/**
 * Makes a server listen on a unix socket that is never seen with other permissions than `access`: it is bound under
 * another name and nobody's but root's, gets its owner and mode, and then its name. A socket left by a dead daemon is
 * replaced.
 *
 * @returns what removes the socket again, if it is still this one
 * @throws PouchError `in-use` when somebody answers on the path, `conflict` when the path is not a socket
 */
export async function listenOnUnixSocket(server: Server, path: string, access: SocketAccess): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  await assertFree(path)
  const temporary = join(dirname(path), `.p${process.pid.toString(36)}`)
  rmSync(temporary, { force: true })
  await bind(server, temporary)
  try {
    chownSync(temporary, access.uid, access.gid)
    chmodSync(temporary, access.mode)
    renameSync(temporary, path)
  } catch (error) {
    server.close()
    rmSync(temporary, { force: true })
    throw PouchError.from(error, { message: `cannot listen on ${path}`, op: 'daemon.listen', subject: path })
  }
  const { ino, dev } = lstatSync(path)
  return () => removeSocket(path, { ino, dev })
}

async function bind(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // Node binds within the call, so that the mask covers nothing else.
    const mask = process.umask(0o177)
    try {
      server.listen({ path }, () => {
        server.removeListener('error', reject)
        resolve()
      })
    } finally {
      process.umask(mask)
    }
  }).catch((error: unknown) => {
    throw PouchError.from(error, { message: `cannot listen on ${path}`, op: 'daemon.listen', subject: path })
  })
}

async function assertFree(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isSocket()) {
    throw new PouchError(
      'conflict',
      `cannot listen on ${path}: it exists and is not a socket; remove it or choose another path`,
      {
        op: 'daemon.listen',
        subject: path,
      },
    )
  }
  if (!(await isAnswered(path))) return
  throw new PouchError(
    'in-use',
    `cannot listen on ${path}: another process answers there; stop it or choose another path with --listen`,
    {
      op: 'daemon.listen',
      subject: path,
    },
  )
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
      else
        reject(
          PouchError.from(error, { message: `cannot tell who listens on ${path}`, op: 'daemon.listen', subject: path }),
        )
    })
  })
}

function removeSocket(path: string, own: { readonly ino: number; readonly dev: number }): void {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat !== undefined && stat.ino === own.ino && stat.dev === own.dev) rmSync(path, { force: true })
}

import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasCode } from '@pouch/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listenOnUnixSocket, type UnixSocketOptions } from '../src/index.js'

let folder: string
let path: string
const servers: Server[] = []
const access = { mode: 0o660, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const options: UnixSocketOptions = { op: 'test.listen', access }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pouch-socket-'))
  path = join(folder, 'd.sock')
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
  rmSync(folder, { recursive: true, force: true })
})

function server(): Server {
  const made = createServer((socket) => socket.destroy())
  servers.push(made)
  return made
}

/** A socket file that nobody answers on, as a killed daemon leaves it. */
async function leaveStale(): Promise<void> {
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(join(folder, 'x.sock'), resolve))
  renameSync(join(folder, 'x.sock'), path)
  await new Promise((resolve) => dead.close(resolve))
  expect(lstatSync(path).isSocket()).toBe(true)
}

describe('listenOnUnixSocket', () => {
  it('has its mode and owner from the first moment on, and leaves no other name behind', async () => {
    const modes: number[] = []
    const watcher = watch(folder, () => {
      if (existsSync(path)) modes.push(statSync(path).mode & 0o777)
    })
    const mask = process.umask(0)
    const remove = await listenOnUnixSocket(server(), path, options)
    expect(process.umask(mask)).toBe(0)
    const stat = statSync(path)
    expect([stat.mode & 0o777, stat.uid, stat.gid]).toEqual([0o660, access.uid, access.gid])
    await new Promise((resolve) => setTimeout(resolve, 20))
    watcher.close()
    expect(new Set(modes)).toEqual(new Set([0o660]))
    expect(readdirSync(folder)).toEqual(['d.sock'])
    remove()
    expect(existsSync(path)).toBe(false)
  })

  it('replaces the socket of a dead daemon', async () => {
    await leaveStale()
    await listenOnUnixSocket(server(), path, options)
    await new Promise<void>((resolve, reject) => {
      const socket = connect(path, () => {
        socket.destroy()
        resolve()
      })
      socket.on('error', reject)
    })
  })

  it('leaves the socket of a living daemon alone', async () => {
    await listenOnUnixSocket(server(), path, options)
    const { ino } = statSync(path)
    await expect(listenOnUnixSocket(server(), path, options)).rejects.toSatisfy((error) => hasCode(error, 'in-use'))
    expect(statSync(path).ino).toBe(ino)
    expect(readdirSync(folder)).toEqual(['d.sock'])
  })

  it('does not remove a file that is no socket', async () => {
    writeFileSync(path, 'precious')
    await expect(listenOnUnixSocket(server(), path, options)).rejects.toSatisfy((error) => hasCode(error, 'conflict'))
    expect(statSync(path).size).toBe(8)
  })

  it('does not remove the socket of a successor', async () => {
    const removeFirst = await listenOnUnixSocket(server(), path, options)
    await new Promise((resolve) => servers[0]?.close(resolve))
    const successor = server()
    await listenOnUnixSocket(successor, path, options)
    removeFirst()
    expect(lstatSync(path).isSocket()).toBe(true)
  })

  it('makes the folder of the socket', async () => {
    const deep = join(folder, 'run', 'pouch', 'd.sock')
    await listenOnUnixSocket(server(), deep, options)
    expect(lstatSync(deep).isSocket()).toBe(true)
  })

  it('is for its own user alone unless told', async () => {
    await listenOnUnixSocket(server(), path, { op: 'test.listen' })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['relative', () => 'd.sock'],
    ['too long', () => join(folder, 'x'.repeat(108))],
  ])('refuses a path that is %s', async (_, make) => {
    const refused = listenOnUnixSocket(server(), make(), options)
    await expect(refused).rejects.toMatchObject({ code: 'invalid-argument', op: 'test.listen', subject: make() })
    expect(readdirSync(folder)).toEqual([])
  })
})

import { once } from 'node:events'
import { lstat, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { hasCode, PouchError } from '@pouch/errors'
import type { DriverDefinition } from '@pouch/volume-core'
import type { Driver } from '@pouch/volume-core/driver'
import { memoryDriver } from '@pouch/volume-core/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { servePlugin } from '../src/index.js'
import { Served } from './served.js'

let served: Served
afterEach(() => served.remove())

const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'it worked',
    (error: unknown) => PouchError.from(error).code,
  )

describe('the socket', () => {
  it('is for the user of the process alone, is the only file there, and goes with the server', async () => {
    served = await Served.start()
    const info = await lstat(served.socket)
    expect([info.isSocket(), info.mode & 0o777]).toEqual([true, 0o600])
    expect((await readdir(served.folder)).sort()).toEqual(['home', 'memory.sock'])
    await served.server.close()
    expect(await readdir(served.folder)).toEqual(['home'])
    await served.server.close()
  })

  it('is refused while another server answers there, which goes on', async () => {
    served = await Served.start()
    const second = servePlugin({ volumes: served.engine, driver: 'memory', socket: served.socket })
    expect(await codeOf(second)).toBe('in-use')
    expect(await served.ok('VolumeDriver.List')).toEqual({ Volumes: [] })
    expect((await readdir(served.folder)).sort()).toEqual(['home', 'memory.sock'])
  })

  it('replaces what a dead server left, and nothing else', async () => {
    served = await Served.start()
    await served.stop()
    const dead = createServer().listen(`${served.socket}.dead`)
    await once(dead, 'listening')
    await rename(`${served.socket}.dead`, served.socket)
    dead.close()
    await once(dead, 'close')
    expect((await lstat(served.socket)).isSocket()).toBe(true)
    await served.start()
    expect(await served.ok('VolumeDriver.List')).toEqual({ Volumes: [] })
    const file = join(served.folder, 'file')
    await writeFile(file, 'precious')
    const options = { volumes: served.engine, driver: 'memory' }
    expect(await codeOf(servePlugin({ ...options, socket: file }))).toBe('conflict')
    expect((await stat(file)).size).toBe(8)
    await mkdir(join(served.folder, 'directory'))
    expect(await codeOf(servePlugin({ ...options, socket: join(served.folder, 'directory') }))).toBe('conflict')
    expect(await codeOf(servePlugin({ ...options, socket: 'relative.sock' }))).toBe('invalid-argument')
    const long = join(served.folder, 'x'.repeat(100))
    expect(await codeOf(servePlugin({ ...options, socket: long }))).toBe('invalid-argument')
  })

  it('is not taken away by a server whose socket another one replaced', async () => {
    served = await Served.start()
    await rename(served.socket, `${served.socket}.old`)
    const second = await servePlugin({ volumes: served.engine, driver: 'memory', socket: served.socket })
    await served.server.close()
    expect((await lstat(served.socket)).isSocket()).toBe(true)
    await second.close()
  })
})

describe('a driver that is not there', () => {
  it('is refused by name, with what the engine has', async () => {
    served = await Served.start()
    const attempt = servePlugin({ volumes: served.engine, driver: 'nosuch', socket: `${served.socket}2` })
    await expect(attempt).rejects.toSatisfy((error) => hasCode(error, 'not-found'))
    await expect(attempt).rejects.toThrow("'nosuch': the engine has memory")
  })

  it('is refused with the reason when it could not be opened', async () => {
    served = await Served.start([memoryDriver(), broken])
    const attempt = servePlugin({ volumes: served.engine, driver: 'broken', socket: `${served.socket}2` })
    await expect(attempt).rejects.toSatisfy((error) => hasCode(error, 'unavailable'))
    await expect(attempt).rejects.toThrow('the backend burns')
  })
})

describe('what Docker would take for the end of a volume', () => {
  it('loses the connection when Get fails for another reason than absence, and answers every other method', async () => {
    let fails = false
    served = await Served.start([
      withPath(async (path) => (fails ? Promise.reject(new Error('no route')) : await path())),
    ])
    await served.ok('VolumeDriver.Create', { Name: 'data' })
    await served.stop()
    fails = true
    await served.start()
    await expect(served.docker.call('VolumeDriver.Get', { Name: 'data' })).rejects.toThrow('without an answer')
    expect(await served.failure('VolumeDriver.Path', { Name: 'data' })).toEqual([
      500,
      expect.stringContaining('no route'),
    ])
    expect((await served.failure('VolumeDriver.Get', { Name: 'nosuch' }))[0]).toBe(500)
    fails = false
    expect(await served.ok('VolumeDriver.Get', { Name: 'data' })).toMatchObject({ Volume: { Name: 'data' } })
  })
})

describe('what is shown of a volume', () => {
  it('has the facts that its driver tells, and does without when it cannot', async () => {
    let fails = false
    const told = async () =>
      fails ? Promise.reject(new Error('no route')) : { without: {}, facts: { backing: 'gold' } }
    served = await Served.start([wrapped(memoryDriver(), (_, same) => ({ ...same, describe: told }))])
    await served.ok('VolumeDriver.Create', { Name: 'data', Opts: { size: '1k' } })
    const shown = async () => (await served.ok('VolumeDriver.Get', { Name: 'data' })).Volume
    expect(await shown()).toMatchObject({ Status: { backing: 'gold', sizeBytes: 1024, references: 0 } })
    fails = true
    expect(await shown()).toMatchObject({ Name: 'data', Status: { sizeBytes: 1024, references: 0 } })
  })
})

describe('a client that goes', () => {
  it('has its mount undone, as it will never undo it', async () => {
    const gate = new Gate()
    served = await Served.start([withMount(gate)])
    await served.ok('VolumeDriver.Create', { Name: 'data' })
    const body = '{"Name":"data","ID":"x1"}\n'
    const socket = connect(served.socket)
    socket.write(`POST /VolumeDriver.Mount HTTP/1.1\r\nHost: \r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    await gate.entered
    const closed = once(socket, 'close')
    socket.destroy()
    await closed
    gate.open()
    await served.server.close()
    expect((await served.engine.volumes.get('data')).references).toEqual([])
    expect(gate.unmounts).toBe(1)
  })
})

describe('closing', () => {
  it('lets requests in flight end, and takes no new ones', async () => {
    const gate = new Gate()
    served = await Served.start([withMount(gate)])
    await served.ok('VolumeDriver.Create', { Name: 'data' })
    const answer = served.docker.call('VolumeDriver.Mount', { Name: 'data', ID: 'x1' })
    await gate.entered
    const closed = served.server.close()
    await expect(served.docker.call('VolumeDriver.List')).rejects.toThrow('ENOENT')
    gate.open()
    expect((await answer).status).toBe(200)
    await closed
    expect((await served.engine.volumes.get('data')).references.map(({ id, state }) => [id, state])).toEqual([
      ['x1', 'mounted'],
    ])
  })

  it('cuts off what does not end in time, and leaves no mount that nobody knows of', async () => {
    const gate = new Gate()
    served = await Served.start([withMount(gate)])
    await served.ok('VolumeDriver.Create', { Name: 'data' })
    const answer = served.docker.call('VolumeDriver.Mount', { Name: 'data', ID: 'x1' })
    const outcome = codeOf(answer)
    await gate.entered
    const closed = served.server.close(50)
    expect(await outcome).toBe('internal')
    gate.open()
    await closed
    expect((await served.engine.volumes.get('data')).references).toEqual([])
  })
})

const broken: DriverDefinition = {
  ...memoryDriver({ name: 'broken' }),
  open: async () => {
    throw new PouchError('unavailable', 'the backend burns')
  },
}

/** Holds a mount until it is opened. */
class Gate {
  readonly entered: Promise<void>
  readonly passed: Promise<void>
  enter: () => void = () => undefined
  open: () => void = () => undefined
  unmounts = 0

  constructor() {
    this.entered = new Promise((resolve) => {
      this.enter = resolve
    })
    this.passed = new Promise((resolve) => {
      this.open = resolve
    })
  }
}

function withPath(around: (path: () => Promise<string | undefined>) => Promise<string | undefined>): DriverDefinition {
  return wrapped(memoryDriver(), (driver, changed) => ({
    ...changed,
    path: async (volume, call) => await around(async () => await driver.path(volume, call)),
  }))
}

function withMount(gate: Gate): DriverDefinition {
  return wrapped(memoryDriver({ mounts: 'volume' }), (driver, changed) => {
    const { mounts } = driver
    if (mounts === undefined) throw new Error('it mounts')
    return {
      ...changed,
      mounts: {
        per: mounts.per,
        mount: async (...given) => {
          gate.enter()
          await gate.passed
          return await mounts.mount(...given)
        },
        unmount: async (...given) => {
          gate.unmounts += 1
          await mounts.unmount(...given)
        },
      },
    }
  })
}

function wrapped(definition: DriverDefinition, change: (driver: Driver, same: Driver) => Driver): DriverDefinition {
  return {
    ...definition,
    open: async (host) => {
      const driver = await definition.open(host)
      return change(driver, {
        name: driver.name,
        traits: driver.traits,
        create: async (volume, call) => await driver.create(volume, call),
        remove: async (volume, call) => await driver.remove(volume, call),
        path: async (volume, call) => await driver.path(volume, call),
        close: async () => await driver.close(),
      })
    },
  }
}

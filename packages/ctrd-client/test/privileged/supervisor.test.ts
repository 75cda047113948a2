import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasCode } from '@pouch/errors'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type ContainerdExit,
  connectContainerd,
  type SupervisedContainerd,
  type SuperviseOptions,
  superviseContainerd,
  type WatchedEvent,
} from '../../src/index.js'
import { createBusyboxContainer, removeContainer, unpackBusybox } from '../fixtures/busybox.js'
import { endTasks, leftovers, until } from '../fixtures/containerd.js'
import { bundleSupervisor, killedSupervisor } from '../fixtures/supervisor-program.js'

let home: string
let program: string
let running: SupervisedContainerd[] = []
beforeAll(async () => {
  program = await bundleSupervisor()
})
afterAll(async () => {
  await rm(program, { recursive: true, force: true })
})
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'pouch-ctrd-'))
})
afterEach(async () => {
  for (const supervised of running) await end(supervised)
  running = []
  const left = await leftovers(home)
  await rm(home, { recursive: true, force: true })
  expect(left).toEqual([])
})

async function supervise(options: Partial<SuperviseOptions> = {}): Promise<SupervisedContainerd> {
  const supervised = await superviseContainerd({ home, ...options })
  running.push(supervised)
  return supervised
}

/** Also ends what a failed test left running in it. */
async function end(supervised: SupervisedContainerd): Promise<void> {
  const client = connectContainerd({ address: supervised.address, namespace: 'test' })
  await endTasks(client).catch((error: unknown) => {
    if (!hasCode(error, 'unavailable')) throw error
  })
  client.close()
  await supervised.stop()
}

const folder = () => join(home, 'containerd')

describe('a supervised containerd', () => {
  it('runs in its home alone, in a session of its own, and leaves nothing when it is stopped', async () => {
    const supervised = await supervise()
    expect(supervised).toMatchObject({ adopted: false, address: join(folder(), 'containerd.sock') })
    const fields = (await readFile(`/proc/${supervised.pid}/stat`, 'utf8')).split(' ')
    expect([fields[4], fields[5]]).toEqual([String(supervised.pid), String(supervised.pid)])
    const config = await readFile(join(folder(), 'config.toml'), 'utf8')
    const paths = config.split('\n').filter((line) => /= "\//.test(line))
    expect(paths).toHaveLength(5)
    expect(paths.filter((line) => !line.includes(`"${folder()}/`))).toEqual([])
    await supervised.stop()
    await supervised.stop()
    expect(await supervised.exited).toBe('stopped')
    expect(await leftovers(home)).toEqual([])
    await expect(stat(supervised.address)).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(stat(join(folder(), 'process.json'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('has one supervisor at a time', async () => {
    await supervise()
    await expect(superviseContainerd({ home })).rejects.toMatchObject({
      code: 'in-use',
      subject: home,
      details: { holderPid: process.pid },
    })
  })

  it('is left running by release and adopted again, by its record or without one', async () => {
    const first = await supervise()
    const { pid } = first
    await first.release()
    expect(await first.exited).toBe('released')
    const second = await supervise()
    expect(second).toMatchObject({ adopted: true, pid })
    await second.release()
    await rm(join(folder(), 'process.json'))
    const third = await supervise()
    expect(third).toMatchObject({ adopted: true, pid })
    await third.release()
    await writeFile(join(folder(), 'process.json'), '{ "pid": "torn')
    expect(await supervise()).toMatchObject({ adopted: true, pid })
  })

  it('is not mistaken for another process that has its pid', async () => {
    const first = await supervise()
    await first.stop()
    const other = { pid: process.pid, startTicks: '1', bootId: 'another boot' }
    await writeFile(join(folder(), 'process.json'), JSON.stringify(other))
    const second = await supervise()
    expect(second.adopted).toBe(false)
    expect(second.pid).not.toBe(process.pid)
  })

  it('is replaced when it runs but does not answer', async () => {
    const first = await supervise()
    await first.release()
    process.kill(first.pid, 'SIGSTOP')
    const second = await supervise({ startTimeoutMs: 4000, stopGraceMs: 300 })
    expect(second.adopted).toBe(false)
    expect(second.pid).not.toBe(first.pid)
  })

  it.each(['started', 'adopted'])('that was %s is started again when it dies', async (how) => {
    if (how === 'adopted') await (await supervise()).release()
    const exits: ContainerdExit[] = []
    const pids: number[] = []
    const onExit = (exit: ContainerdExit) => void exits.push(exit)
    const supervised = await supervise({ onExit, onRestart: (pid) => void pids.push(pid) })
    const { pid } = supervised
    process.kill(pid, 'SIGKILL')
    await until(() => pids.length === 1)
    expect(exits).toEqual([{ pid, code: null, signal: how === 'started' ? 'SIGKILL' : null }])
    expect(supervised.pid).toBe(pids[0])
    const client = connectContainerd({ address: supervised.address })
    expect((await client.version()).version).toMatch(/^\d/)
    client.close()
  })
})

describe('a supervisor that is killed', () => {
  const moments = [0, 30, 60, 90, 120, 150, 200, 400]

  it.each(moments)('%s ms after its start leaves a home that is free, and one containerd at most', async (ms) => {
    await killedSupervisor(program, home, ms)
    const before = await containerds()
    expect(before.length).toBeLessThanOrEqual(1)
    const supervised = await supervise()
    expect(await containerds()).toEqual([supervised.pid])
    expect(supervised.adopted ? [supervised.pid] : before).toEqual(before)
    expect(supervised.adopted).toBe(before.length === 1)
  })

  async function containerds(): Promise<number[]> {
    const found = await leftovers(join(folder(), 'config.toml'))
    return found.map((line) => Number(line.split(' ')[0]))
  }
})

describe('containers', () => {
  it('survive the death of containerd, and its events tell of the gap', async () => {
    const pids: number[] = []
    const supervised = await supervise({ onRestart: (pid) => void pids.push(pid) })
    const client = connectContainerd({ address: supervised.address, namespace: 'test' })
    const abort = new AbortController()
    const watched: WatchedEvent[] = []
    const watching = (async () => {
      for await (const each of client.events.watch(['namespace==test,topic~="^/tasks/"'], { signal: abort.signal })) {
        watched.push(each)
      }
    })()
    await until(() => watched.length === 1)
    await unpackBusybox(client)
    const script = 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done'
    const rootfs = await createBusyboxContainer(client, 'survivor', { args: ['/bin/sh', '-c', script] })
    const stdout = join(home, 'stdout')
    await writeFile(stdout, '')
    const { pid } = await client.tasks.create({ containerId: 'survivor', rootfs, stdout })
    await client.tasks.start('survivor')
    const waiting = client.tasks.wait('survivor')
    process.kill(supervised.pid, 'SIGKILL')
    await expect(waiting).rejects.toMatchObject({ code: 'unavailable' })
    await until(() => pids.length === 1)
    expect(await client.tasks.get('survivor')).toMatchObject({ pid, status: 'running' })
    await until(() => watched.filter(({ type }) => type === 'gap').length === 2)
    const exit = client.tasks.wait('survivor')
    await client.tasks.kill('survivor', 'SIGKILL')
    expect((await exit).exitStatus).toBe(137)
    await client.tasks.delete('survivor')
    const kinds = () => watched.map((each) => (each.type === 'gap' ? 'gap' : each.envelope.topic))
    await until(() => kinds().includes('/tasks/delete'))
    expect(kinds()).toEqual(['gap', '/tasks/create', '/tasks/start', 'gap', '/tasks/exit', '/tasks/delete'])
    const lines = (await readFile(stdout, 'utf8')).trim().split('\n')
    expect(lines).toEqual(lines.map((_, index) => String(index + 1)))
    abort.abort()
    await expect(watching).rejects.toMatchObject({ code: 'aborted' })
    await removeContainer(client, 'survivor')
    await endTasks(client)
    client.close()
  })
})

describe('what can go wrong', () => {
  it('names a missing program and the package that has it', async () => {
    await expect(superviseContainerd({ home, binary: 'no-containerd' })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining("Debian's package 'containerd'"),
      details: { program: 'no-containerd', debianPackage: 'containerd' },
    })
    const path = process.env.PATH
    const bin = join(home, 'bin')
    await mkdir(bin)
    for (const name of ['containerd', 'containerd-shim-runc-v2', 'flock']) {
      await writeFile(join(bin, name), '#!/bin/sh\n', { mode: 0o755 })
    }
    process.env.PATH = bin
    try {
      await expect(superviseContainerd({ home })).rejects.toMatchObject({
        code: 'not-found',
        details: { program: 'runc', debianPackage: 'runc' },
      })
    } finally {
      process.env.PATH = path
    }
  })

  it('shows the end of the log when containerd does not come up, and can be tried again', async () => {
    await expect(superviseContainerd({ home, config: 'not toml' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('failed to load TOML'),
    })
    expect(await leftovers(home)).toEqual([])
    expect((await supervise()).adopted).toBe(false)
  })

  it('refuses a home or an address that cannot be', async () => {
    await expect(superviseContainerd({ home: 'relative' })).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(superviseContainerd({ home: '/tmp/a\nb' })).rejects.toMatchObject({ code: 'invalid-argument' })
    const address = `/tmp/${'x'.repeat(100)}`
    await expect(superviseContainerd({ home, address })).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('keeps its socket elsewhere when the home is deep, and takes that away too', async () => {
    const deep = join(home, 'd'.repeat(80), 'quo"te')
    const supervised = await supervise({ home: deep })
    expect(supervised.address).toMatch(/^\/run\/pouch-[0-9a-f]{16}\/containerd\.sock$/)
    const client = connectContainerd({ address: supervised.address })
    await client.version()
    client.close()
    await supervised.stop()
    await expect(stat(join(supervised.address, '..'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('keeps the log of containerd small', async () => {
    const log = join(folder(), 'containerd.log')
    await supervise({ maxLogBytes: 100_000 })
    await appendFile(log, 'x'.repeat(150_000))
    await until(async () => (await stat(log)).size < 100_000)
    expect((await stat(`${log}.1`)).size).toBeGreaterThan(150_000)
  })
})

import { constants } from 'node:fs'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Exit, encodeJsonAny, typeUrls } from '../../src/index.js'
import { createBusyboxContainer, ociProcess, removeContainer, unpackBusybox } from '../fixtures/busybox.js'
import { endTasks, run, TestContainerd, until } from '../fixtures/containerd.js'

let containerd: TestContainerd
let folder: string
let id = ''
let count = 0
beforeAll(async () => {
  containerd = await TestContainerd.start()
  await unpackBusybox(containerd.client)
  folder = await mkdtemp(join(tmpdir(), 'pouch-ctrd-io-'))
})
beforeEach(() => {
  count += 1
  id = `task-${count}`
})
afterEach(async () => {
  await endTasks(containerd.client)
  for (const container of await containerd.client.containers.list())
    await removeContainer(containerd.client, container.id)
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  expect(await containerd.stop()).toEqual([])
})

const RFC3339_NANO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/

/** An empty plain file for a stream of a task: it must exist before. */
async function plainFile(name: string) {
  const path = join(folder, `${id}-${name}`)
  await writeFile(path, '')
  return path
}

async function fifo(name: string) {
  const path = join(folder, `${id}-${name}`)
  await run('mkfifo', [path])
  return path
}

/** Opens a FIFO without waiting for the other end, both ways, and uses one of them: a socket would read what it wrote. */
async function openFifo(path: string, way: 'read' | 'write'): Promise<Socket> {
  const file = await open(path, constants.O_RDWR | constants.O_NONBLOCK)
  return new Socket({ fd: file.fd, readable: way === 'read', writable: way === 'write' }).once(
    'close',
    () => void file.close().catch(() => undefined),
  )
}

/** Starts a container that runs a shell script, with its output in plain files. */
async function startShell(script: string) {
  const { client } = containerd
  const rootfs = await createBusyboxContainer(client, id, { args: ['/bin/sh', '-c', script] })
  const stdout = await plainFile('stdout')
  const stderr = await plainFile('stderr')
  const { pid } = await client.tasks.create({ containerId: id, rootfs, stdout, stderr })
  const exit = client.tasks.wait(id)
  expect((await client.tasks.start(id)).pid).toBe(pid)
  return { pid, stdout, stderr, exit }
}

describe('a container', () => {
  it('lives its life: its output, its exit code and its states are told', async () => {
    const { client } = containerd
    const rootfs = await createBusyboxContainer(client, id, {
      args: ['/bin/sh', '-c', 'echo out; echo err >&2; exit 42'],
    })
    expect(await client.tasks.get(id)).toBeUndefined()
    const [stdout, stderr] = [await plainFile('stdout'), await plainFile('stderr')]
    const { pid } = await client.tasks.create({ containerId: id, rootfs, stdout, stderr })
    await expect(client.tasks.create({ containerId: id, rootfs })).rejects.toMatchObject({ code: 'already-exists' })
    expect(await client.tasks.get(id)).toMatchObject({ id, pid, status: 'created', stdout, stderr, terminal: false })
    expect(await readFile(`/proc/${pid}/comm`, 'utf8')).toMatch(/^runc/)
    const exit = client.tasks.wait(id)
    const before = Date.now()
    await client.tasks.start(id)
    const { exitStatus, exitedAt } = await exit
    expect(exitStatus).toBe(42)
    expect(exitedAt).toMatch(RFC3339_NANO)
    expect(Date.parse(exitedAt)).toBeGreaterThanOrEqual(before)
    expect(Date.parse(exitedAt)).toBeLessThanOrEqual(Date.now())
    expect(await client.tasks.get(id)).toMatchObject({ status: 'stopped', exitStatus: 42, exitedAt })
    expect(await client.tasks.delete(id)).toEqual({ exitStatus: 42, exitedAt })
    expect([await readFile(stdout, 'utf8'), await readFile(stderr, 'utf8')]).toEqual(['out\n', 'err\n'])
    await expect(client.tasks.delete(id)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('is killed by number and by name; what is gone is not found', async () => {
    const { client } = containerd
    const { exit, pid } = await startShell('trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done')
    expect((await client.tasks.list()).map((task) => [task.id, task.pid, task.status])).toEqual([[id, pid, 'running']])
    await expect(client.tasks.delete(id)).rejects.toMatchObject({ op: 'containerd.tasks.delete', subject: id })
    expect(await client.tasks.get(id)).toMatchObject({ status: 'running' })
    await until(async () => (await readFile(join(folder, `${id}-stdout`), 'utf8')) === 'ready\n')
    await client.tasks.kill(id, 'SIGTERM')
    expect(await exit).toMatchObject({ exitStatus: 7 })
    await expect(client.tasks.kill(id, 9)).rejects.toMatchObject({ code: 'not-found', op: 'containerd.tasks.kill' })
    await expect(client.tasks.kill(id, 99)).rejects.toMatchObject({ code: 'invalid-argument' })
    await client.tasks.delete(id)
  })

  it('killed by SIGKILL exits with 137, and wait on what has ended answers at once', async () => {
    const { client } = containerd
    const { exit } = await startShell('sleep 1000')
    await client.tasks.kill(id, 9, { all: true })
    const ended = await exit
    expect(ended.exitStatus).toBe(137)
    expect(await client.tasks.wait(id)).toEqual(ended)
  })

  it('whose command does not exist fails in create, naming it', async () => {
    const { client } = containerd
    const rootfs = await createBusyboxContainer(client, id, { args: ['/no/such/command'] })
    const creating = client.tasks.create({ containerId: id, rootfs })
    await expect(creating).rejects.toMatchObject({ subject: id, message: expect.stringContaining('/no/such/command') })
    expect(await client.tasks.get(id)).toBeUndefined()
  })

  it('is paused and resumed, its processes counted, its limits changed and its use measured', async () => {
    const { client } = containerd
    const { pid } = await startShell('sleep 1000 & wait')
    await until(async () => (await client.tasks.pids(id)).length === 2)
    expect(await client.tasks.pids(id)).toContain(pid)
    await client.tasks.pause(id)
    expect(await client.tasks.get(id)).toMatchObject({ status: 'paused' })
    await client.tasks.resume(id)
    expect(await client.tasks.get(id)).toMatchObject({ status: 'running' })
    const limit = 32 * 1024 * 1024
    await client.tasks.update(id, encodeJsonAny(typeUrls.linuxResources, { memory: { limit } }))
    expect(await memoryLimit(pid)).toBe(String(limit))
    const [metric] = await client.tasks.metrics([`id==${id}`])
    expect(metric?.data.typeUrl).toMatch(/io\.containerd\.cgroups\.v[12]\.Metrics$/)
    expect(metric?.id).toBe(id)
  })

  it('reads stdin from a FIFO until closeIO', async () => {
    const { client } = containerd
    const rootfs = await createBusyboxContainer(client, id, { args: ['/bin/wc', '-c'] })
    const [stdin, stdout] = [await fifo('stdin'), await plainFile('stdout')]
    const input = await openFifo(stdin, 'write')
    await client.tasks.create({ containerId: id, rootfs, stdin, stdout })
    const exit = client.tasks.wait(id)
    await client.tasks.start(id)
    await new Promise<void>((resolve) => input.write(Buffer.alloc(200_000, 'x'), () => resolve()))
    input.destroy()
    await client.tasks.closeIO(id)
    expect(await exit).toMatchObject({ exitStatus: 0 })
    await client.tasks.delete(id)
    expect((await readFile(stdout, 'utf8')).trim()).toBe('200000')
  })

  it('has a terminal of the size that it is given', async () => {
    const { client } = containerd
    const rootfs = await createBusyboxContainer(client, id, {
      args: ['/bin/sh', '-c', 'read line; stty size; echo "<$line>"'],
      terminal: true,
    })
    const [stdin, stdout] = [await fifo('stdin'), await fifo('stdout')]
    const [input, output] = [await openFifo(stdin, 'write'), await openFifo(stdout, 'read')]
    let text = ''
    output.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    await client.tasks.create({ containerId: id, rootfs, stdin, stdout, terminal: true })
    const exit = client.tasks.wait(id)
    await client.tasks.start(id)
    await client.tasks.resizePty(id, { width: 132, height: 43 })
    input.write('hello\n')
    expect(await exit).toMatchObject({ exitStatus: 0 })
    await until(() => text.includes('<hello>'))
    expect(text).toContain('43 132\r\n')
    expect(await client.tasks.get(id)).toMatchObject({ terminal: true })
    await expect(client.tasks.resizePty(id, { width: -1, height: 1 })).rejects.toMatchObject({
      code: 'invalid-argument',
    })
    input.destroy()
    output.destroy()
  })
})

describe('an exec', () => {
  it('runs beside the first process, with its own output and exit code', async () => {
    const { client } = containerd
    const { pid } = await startShell('sleep 1000')
    const stdout = await plainFile('exec-stdout')
    const spec = encodeJsonAny(typeUrls.process, ociProcess({ args: ['/bin/sh', '-c', 'echo from exec; exit 3'] }))
    await client.tasks.exec({ containerId: id, execId: 'one', stdout, spec })
    await expect(client.tasks.exec({ containerId: id, execId: 'one', spec })).rejects.toMatchObject({
      code: 'already-exists',
      subject: `${id}/one`,
    })
    expect(await client.tasks.get(id, 'one')).toMatchObject({ status: 'created', stdout })
    const exit = client.tasks.wait(id, 'one')
    const started = await client.tasks.start(id, 'one')
    expect(started.pid).not.toBe(pid)
    const ended: Exit = await exit
    expect(ended.exitStatus).toBe(3)
    expect(await client.tasks.deleteExec(id, 'one')).toEqual(ended)
    expect(await readFile(stdout, 'utf8')).toBe('from exec\n')
    expect(await client.tasks.get(id, 'one')).toBeUndefined()
    expect(await client.tasks.get(id)).toMatchObject({ status: 'running' })
  })

  it('is killed alone, and one whose command does not exist fails in start', async () => {
    const { client } = containerd
    await startShell('sleep 1000')
    const spec = encodeJsonAny(typeUrls.process, ociProcess({ args: ['/bin/sleep', '1000'] }))
    await client.tasks.exec({ containerId: id, execId: 'sleeper', spec })
    const exit = client.tasks.wait(id, 'sleeper')
    await client.tasks.start(id, 'sleeper')
    await client.tasks.kill(id, 'SIGKILL', { execId: 'sleeper' })
    expect(await exit).toMatchObject({ exitStatus: 137 })
    await client.tasks.deleteExec(id, 'sleeper')
    const absent = encodeJsonAny(typeUrls.process, ociProcess({ args: ['/no/such'] }))
    await client.tasks.exec({ containerId: id, execId: 'absent', spec: absent })
    await expect(client.tasks.start(id, 'absent')).rejects.toMatchObject({
      op: 'containerd.tasks.start',
      message: expect.stringContaining('/no/such'),
    })
    await client.tasks.deleteExec(id, 'absent')
    expect(await client.tasks.get(id)).toMatchObject({ status: 'running' })
  })
})

describe('the order of things', () => {
  it('is told by events: create, start, exec, exit, delete', async () => {
    const { client } = containerd
    const abort = new AbortController()
    const topics: unknown[] = []
    let isLive = false
    const watching = (async () => {
      for await (const watched of client.events.watch([`namespace==test,topic~="^/tasks/"`], {
        signal: abort.signal,
      })) {
        if (watched.type === 'gap') isLive = true
        else topics.push(watched.envelope.decoded)
      }
    })()
    await until(() => isLive)
    const { pid, exit } = await startShell('sleep 1000')
    await client.tasks.kill(id, 'SIGKILL')
    const { exitedAt } = await exit
    await client.tasks.delete(id)
    await until(() => topics.length === 4)
    expect(topics).toEqual([
      { topic: '/tasks/create', containerId: id, pid, bundle: expect.stringContaining(`test/${id}`) },
      { topic: '/tasks/start', containerId: id, pid },
      { topic: '/tasks/exit', containerId: id, id, pid, exitStatus: 137, exitedAt },
      { topic: '/tasks/delete', containerId: id, id, pid, exitStatus: 137, exitedAt },
    ])
    abort.abort()
    await expect(watching).rejects.toMatchObject({ code: 'aborted' })
  })

  it('holds for forty containers at once', async () => {
    const { client } = containerd
    const ids = Array.from({ length: 40 }, (_, index) => `${id}-${index}`)
    const codes = new Map<string, number>()
    const pending = [...ids]
    const worker = async () => {
      for (let each = pending.pop(); each !== undefined; each = pending.pop()) {
        const rootfs = await createBusyboxContainer(client, each, {
          args: ['/bin/sh', '-c', `exit ${each.split('-')[2]}`],
        })
        await client.tasks.create({ containerId: each, rootfs })
        const exit = client.tasks.wait(each)
        await client.tasks.start(each)
        codes.set(each, (await exit).exitStatus)
        await client.tasks.delete(each)
        await removeContainer(client, each)
      }
    }
    await Promise.all([worker(), worker(), worker(), worker()])
    expect(ids.map((each) => codes.get(each))).toEqual(ids.map((_, index) => index))
    expect(await client.tasks.list()).toEqual([])
  })
})

/** The memory limit of a process's cgroup, of version 1 or 2. */
async function memoryLimit(pid: number): Promise<string> {
  const lines = (await readFile(`/proc/${pid}/cgroup`, 'utf8')).split('\n').map((line) => line.split(':'))
  const v1 = lines.find(([, controllers]) => controllers === 'memory')?.[2]
  if (v1 !== undefined) return (await readFile(`/sys/fs/cgroup/memory${v1}/memory.limit_in_bytes`, 'utf8')).trim()
  const v2 = lines.find(([number]) => number === '0')?.[2]
  return (await readFile(`/sys/fs/cgroup${v2}/memory.max`, 'utf8')).trim()
}

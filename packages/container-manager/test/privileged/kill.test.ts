import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestHost } from '../support/test-host.js'

const kills = 8
const lines = 30_000
const bursts = 60
let host: TestHost

beforeAll(async () => {
  host = await TestHost.start()
})
afterAll(async () => {
  await host.end()
})

interface Message {
  readonly type: 'open' | 'created' | 'started' | 'removing' | 'removed' | 'problem'
  readonly id?: string
  readonly running?: readonly string[]
  readonly message?: string
  readonly text?: string
}

/** What children acknowledged. */
class Ledger {
  readonly created = new Set<string>()
  readonly removing = new Set<string>()
  readonly removed = new Set<string>()
  readonly problems: string[] = []
  readonly opened: (readonly string[])[] = []

  take({ type, id = '', running = [], message, text }: Message): void {
    if (type === 'created') this.created.add(id)
    if (type === 'removing') this.removing.add(id)
    if (type === 'removed') this.removed.add(id)
    if (type === 'open') this.opened.push(running)
    if (type === 'problem') this.problems.push(`${message}: ${text}`)
  }
}

/** A limit for what hangs. It says nothing about how long a test takes: a busy machine takes ten times as long as another. */
const hangMs = 300_000

/**
 * Runs a manager in a process of its own, and kills it at work once `until` resolves. Without that it kills itself, between the
 * exit of a container and the end of its log.
 */
async function runAndKill(ledger: Ledger, until?: () => Promise<unknown>): Promise<void> {
  const support = new URL('../support/', import.meta.url)
  const task = {
    home: host.home,
    address: host.client.address,
    runcRoot: host.runcRoot,
    image: await host.images.resolve('busybox'),
    mode: until === undefined ? 'until-exit' : 'churn',
  }
  const cache = host.directory('cache')
  const child = fork(new URL('manager-program.ts', support), [JSON.stringify(task)], {
    execArgv: ['--import', new URL('typescript-loader.mjs', support).href],
    env: { ...process.env, POUCH_TEST_CACHE: cache },
  })
  const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)))
  const opened = new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the manager ended by itself: ${code}`)))
    child.on('message', (message: Message) => {
      ledger.take(message)
      if (message.type === 'open') resolve()
    })
  })
  if (until === undefined) {
    // It may come to that while it opens.
    opened.catch(() => undefined)
  } else {
    await opened
    await until()
    child.kill('SIGKILL')
  }
  expect(await ended).toBe('SIGKILL')
}

describe('a manager that is killed again and again', () => {
  it('brings a log to its end when it was killed between the exit and the end of the log', {
    timeout: hangMs,
  }, async () => {
    const source = host.directory('burst')
    const text = Array.from({ length: 500_000 }, (_, index) => `${String(index).padStart(11, '0')}\n`).join('')
    writeFileSync(join(source, 'text'), text)
    const { id } = await host.manager.create({
      image: 'busybox',
      command: ['sh', '-c', 'sleep 4; cat /source/text'],
      mounts: [{ type: 'bind', source, target: '/source' }],
      logConfig: { type: 'json-file', options: { 'max-size': '-1' } },
    })
    await host.manager.start(id)
    await host.close()
    try {
      await runAndKill(new Ledger())
      expect(existsSync(join(host.home, 'containers', id, 'io', 'stdout'))).toBe(true)
    } finally {
      await host.open()
    }
    const hash = createHash('md5')
    for await (const { line } of host.manager.logs(id, { stdout: true })) hash.update(line)
    expect(hash.digest('hex')).toBe(createHash('md5').update(text).digest('hex'))
    await host.manager.remove(id)
  })

  it('loses no byte of a log, no acknowledged container, and leaves nothing behind', { timeout: hangMs }, async () => {
    const source = host.directory('source')
    const text = Array.from(
      { length: lines },
      (_, index) =>
        `${String(index).padStart(9, '0')} some output of a program that writes, and writes, and goes on writing, as programs do all day\n`,
    ).join('')
    writeFileSync(join(source, 'text'), text)
    const writers: string[] = []
    for (const stream of ['', ' >&2']) {
      const { id } = await host.manager.create({
        image: 'busybox',
        command: ['sh', '-c', `for i in $(seq ${bursts}); do cat /source/text${stream}; sleep 0.1; done; exit 5`],
        mounts: [{ type: 'bind', source, target: '/source' }],
        logConfig: { type: 'json-file', options: { 'max-size': '-1' } },
      })
      await host.manager.start(id)
      writers.push(id)
    }
    await host.close()

    const ledger = new Ledger()
    try {
      for (let kill = 0; kill < kills; kill += 1) {
        // However slow the machine is, half of them get as far as a container.
        const enough = Math.max(0, kill + 1 - kills / 2)
        await runAndKill(ledger, async () => {
          await delay(50 + Math.random() * 900)
          while (ledger.created.size < enough) await delay(10)
        })
      }
    } finally {
      await host.open()
    }

    expect(ledger.problems).toEqual([])
    const present = new Set(host.manager.list({ all: true }).map(({ id }) => id))
    expect([...ledger.created].filter((id) => !present.has(id) && !ledger.removing.has(id))).toEqual([])
    expect([...ledger.removed].filter((id) => present.has(id))).toEqual([])
    expect(ledger.created.size).toBeGreaterThanOrEqual(kills / 2)

    const wanted = createHash('md5').update(text.repeat(bursts)).digest('hex')
    for (const [index, id] of writers.entries()) {
      expect(present.has(id)).toBe(true)
      expect(await host.manager.wait(id)).toEqual({ exitCode: 5 })
      const hash = createHash('md5')
      for await (const { line } of host.manager.logs(id, index === 0 ? { stdout: true } : { stderr: true }))
        hash.update(line)
      expect(hash.digest('hex')).toBe(wanted)
    }
    await expectNothingElse(present)
  })
})

/** What containerd, the disk and the volumes hold is what the containers that there are account for. */
async function expectNothingElse(present: ReadonlySet<string>): Promise<void> {
  const ids = [...present].sort()
  const objects = (await host.client.containers.list()).map(({ id }) => id)
  expect(objects.sort()).toEqual(ids)
  const snapshots: string[] = []
  for await (const { name, kind } of host.client.snapshots().list()) if (kind === 'active') snapshots.push(name)
  expect(snapshots.sort()).toEqual(ids)
  mkdirSync(join(host.home, 'containers'), { recursive: true })
  expect(readdirSync(join(host.home, 'containers')).sort()).toEqual(ids)
  for (const id of ids) await host.manager.wait(id)
  expect(await host.client.tasks.list()).toEqual([])
  for (let tries = 0; shimsOf(host.home).length > 0 && tries < 50; tries += 1) await delay(200)
  expect(shimsOf(host.home)).toEqual([])
  const references = await host.volumes.volumes.references()
  const claims = host.manager
    .list({ all: true })
    .flatMap(({ id, mounts }) => mounts.filter(({ type }) => type === 'volume').map(({ name }) => `${id} ${name}`))
  expect(references.map(({ volume, reference }) => `${reference.holder} ${volume}`).sort()).toEqual(claims.sort())
  expect(references.filter(({ reference }) => reference.state !== 'reserved')).toEqual([])
}

/** The command lines of the shims that serve a containerd below a directory. */
function shimsOf(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return `${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')} in ${readlinkSync(`/proc/${pid}/cwd`)}`
      } catch {
        return []
      }
    })
    .filter((line) => line.includes('containerd-shim') && line.includes(directory))
}

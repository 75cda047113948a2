import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttachedStreams } from '../../src/index.js'
import { TestHost } from '../support/test-host.js'

let host: TestHost

beforeAll(async () => {
  host = await TestHost.start()
})
afterAll(async () => {
  await host.end()
})

const live = { stream: true, stdout: true, stderr: true } as const

async function collect(streams: AttachedStreams): Promise<{ stdout: Buffer; stderr: Buffer }> {
  const parts: Record<'stdout' | 'stderr', Uint8Array[]> = { stdout: [], stderr: [] }
  for await (const { stream, data } of streams.output) parts[stream].push(data)
  return { stdout: Buffer.concat(parts.stdout), stderr: Buffer.concat(parts.stderr) }
}

const digest = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

describe('attach', () => {
  it('before start answers at once and gives the output from its first byte to its last', async () => {
    const { id } = await host.manager.create({
      image: 'busybox',
      command: ['sh', '-c', 'echo first; echo second >&2; echo last'],
    })
    const streams = await host.manager.attach(id, live)
    const output = collect(streams)
    await host.manager.start(id)
    expect(await output).toEqual({ stdout: Buffer.from('first\nlast\n'), stderr: Buffer.from('second\n') })
    await host.manager.remove(id)
  })

  it('takes 5 MB of stdin given before start, and half-close ends it', async () => {
    const { id } = await host.manager.create({ image: 'busybox', command: ['md5sum'], openStdin: true })
    const streams = await host.manager.attach(id, { ...live, stdin: true })
    const input = Buffer.alloc(5_000_000, 'abcdefghij\n')
    streams.stdin?.end(input)
    const output = collect(streams)
    await host.manager.start(id)
    expect((await output).stdout.toString()).toBe(`${digest(input)}  -\n`)
    await host.manager.remove(id)
  })

  it('delivers 50 MB exactly, also to a reader that comes late to its reading', async () => {
    const { id } = await host.manager.create({
      image: 'busybox',
      command: ['sh', '-c', `yes ${'0123456789'.repeat(20)} | head -c 50000000; echo end >&2`],
      logConfig: { type: 'json-file', options: { 'max-size': '-1' } },
    })
    const quick = await host.manager.attach(id, live)
    const slow = await host.manager.attach(id, live)
    const exit = host.manager.wait(id, 'next-exit')
    const first = collect(quick)
    await host.manager.start(id)
    await exit
    const { stdout, stderr } = await first
    expect([stdout.length, stderr.toString()]).toEqual([50_000_000, 'end\n'])
    const late = await collect(slow)
    expect(digest(late.stdout)).toBe(digest(stdout))
    expect(digest(Buffer.from(await host.text(id, { stdout: true })))).toBe(digest(stdout))
    await host.manager.remove(id)
  })

  it('with logs gives what was, then what comes, each byte once', async () => {
    const { id } = await host.manager.create({
      image: 'busybox',
      command: ['sh', '-c', 'for i in $(seq 200); do echo $i; sleep 0.01; done'],
    })
    await host.manager.start(id)
    await delay(700)
    const { stdout } = await collect(await host.manager.attach(id, { ...live, logs: true }))
    expect(stdout.toString()).toBe(Array.from({ length: 200 }, (_, index) => `${index + 1}\n`).join(''))
    await host.manager.remove(id)
  })

  it('runs a terminal: one stream, a size, and detach keys', async () => {
    const { id } = await host.manager.create({ image: 'busybox', command: ['sh'], tty: true, openStdin: true })
    const streams = await host.manager.attach(id, { ...live, stdin: true })
    const output = collect(streams)
    await host.manager.start(id)
    const exit = host.manager.wait(id)
    await host.manager.resize(id, { width: 111, height: 33 })
    streams.stdin?.write('stty size; echo to-stderr >&2; exit 9\n')
    const { stdout, stderr } = await output
    expect(stdout.toString()).toContain('33 111')
    expect(stdout.toString()).toContain('to-stderr\r\n')
    expect(stderr).toHaveLength(0)
    expect(await exit).toEqual({ exitCode: 9 })
    expect(await host.text(id, { stdout: true })).toBe(stdout.toString())

    await host.manager.start(id)
    const again = await host.manager.attach(id, { ...live, stdin: true })
    const detached = collect(again)
    again.stdin?.write(Buffer.from([16, 17]))
    await detached
    expect([again.detached, host.manager.get(id).state.status]).toEqual([true, 'running'])
    await host.manager.remove(id, { force: true })
  })

  it('cuts off a reader that is too far behind, and nobody else', async () => {
    const small = host.newManager({ limits: { readerBacklogBytes: 1024 * 1024 } })
    await host.manager.close()
    await small.open()
    try {
      const { id } = await small.create({
        image: 'busybox',
        command: ['sh', '-c', 'yes 0123456789abcde | head -c 20000000'],
        logConfig: { type: 'json-file', options: { 'max-size': '-1' } },
      })
      const stuck = await small.attach(id, live)
      const exit = small.wait(id, 'next-exit')
      const iterator = stuck.output[Symbol.asyncIterator]()
      const first = iterator.next()
      await small.start(id)
      await first
      await exit
      await expect(
        (async () => {
          while (!(await iterator.next()).done);
        })(),
      ).rejects.toMatchObject({ code: 'exhausted' })
      let bytes = 0
      for await (const { line } of small.logs(id, { stdout: true })) bytes += line.length
      expect(bytes).toBe(20_000_000)
      await small.remove(id)
    } finally {
      await small.close()
      host.manager = host.newManager()
      await host.manager.open()
    }
  })
})

describe('logs', () => {
  it('follows to the end of the container, through rotations', async () => {
    const { id } = await host.manager.create({
      image: 'busybox',
      command: ['sh', '-c', 'for i in $(seq 3000); do echo "line $i"; done; sleep 0.3; echo bye'],
      logConfig: { type: 'json-file', options: { 'max-size': '20k', 'max-file': '50' } },
    })
    await host.manager.start(id)
    const text = await host.text(id, { stdout: true, follow: true })
    expect(text).toBe(`${Array.from({ length: 3000 }, (_, index) => `line ${index + 1}\n`).join('')}bye\n`)
    expect(await host.text(id, { stdout: true, tail: 2500 })).toBe(
      `${Array.from({ length: 2499 }, (_, index) => `line ${index + 502}\n`).join('')}bye\n`,
    )
    await host.manager.remove(id)
  })

  it('takes bounds of time', async () => {
    const { id } = await host.run(['sh', '-c', 'echo one; sleep 1.1; echo two; sleep 1.1; echo three'])
    const entries = await host.entries(id, { stdout: true })
    const second = entries[1]?.time ?? ''
    expect(await host.text(id, { stdout: true, since: second })).toBe('two\nthree\n')
    expect(await host.text(id, { stdout: true, until: second })).toBe('one\ntwo\n')
    expect(second).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
    await host.manager.remove(id)
  })

  it('is not kept with the driver none', async () => {
    const { id } = await host.manager.create({ image: 'busybox', command: ['echo', 'x'], logConfig: { type: 'none' } })
    const output = collect(await host.manager.attach(id, live))
    await host.manager.start(id)
    expect((await output).stdout.toString()).toBe('x\n')
    expect(() => host.manager.logs(id, { stdout: true })).toThrow(/does not support reading/)
    await host.manager.remove(id)
  })
})

describe('exec', () => {
  let id: string
  beforeAll(async () => {
    ;({ id } = await host.manager.create({ image: 'busybox', command: ['sleep', '1000'], env: ['A=container'] }))
    await host.manager.start(id)
  })
  const ended = async (execId: string) => {
    for (let tries = 0; host.manager.execs.get(execId).exitCode === undefined && tries < 200; tries += 1)
      await delay(20)
    return host.manager.execs.get(execId)
  }

  it('runs with its own user, environment and directory, and tells its exit code', async () => {
    const execId = await host.manager.execs.create(id, {
      command: ['sh', '-c', 'echo $A $B $(id -u) $(pwd); echo err >&2; exit 4'],
      env: ['B=exec'],
      user: 'app',
      workingDir: '/tmp',
      attachStdout: true,
      attachStderr: true,
    })
    const streams = await host.manager.execs.start(execId)
    const { stdout, stderr } = await collect(streams as AttachedStreams)
    expect([stdout.toString(), stderr.toString()]).toEqual(['container exec 1000 /tmp\n', 'err\n'])
    expect(await ended(execId)).toMatchObject({ exitCode: 4, running: false })
  })

  it('tells the exit code to whoever has seen the end of the output', async () => {
    const script = 'echo early; exec >/dev/null 2>&1; sleep 0.3; exit 7'
    const command = ['sh', '-c', script]
    const execId = await host.manager.execs.create(id, { command, attachStdout: true, attachStderr: true })
    const streams = (await host.manager.execs.start(execId)) as AttachedStreams
    expect((await collect(streams)).stdout.toString()).toBe('early\n')
    expect(host.manager.execs.get(execId)).toMatchObject({ running: false, exitCode: 7 })
  })

  it('takes stdin to its half-close and gives 20 MB back', async () => {
    const execId = await host.manager.execs.create(id, { command: ['cat'], attachStdin: true, attachStdout: true })
    const streams = (await host.manager.execs.start(execId)) as AttachedStreams
    const input = Buffer.alloc(20_000_000, 'some text\n')
    streams.stdin?.end(input)
    expect(digest((await collect(streams)).stdout)).toBe(digest(input))
    expect((await ended(execId)).exitCode).toBe(0)
  })

  it('has a terminal of its own size', async () => {
    const execId = await host.manager.execs.create(id, {
      command: ['sh'],
      attachStdin: true,
      attachStdout: true,
      tty: true,
    })
    const streams = (await host.manager.execs.start(execId, {
      consoleSize: { width: 77, height: 20 },
    })) as AttachedStreams
    streams.stdin?.write('stty size; exit 4\n')
    expect((await collect(streams)).stdout.toString()).toContain('20 77')
    expect((await ended(execId)).exitCode).toBe(4)
  })

  it('tells a program that is not there (127) from one that cannot be run (126)', async () => {
    for (const [program, code] of [
      ['/nope', 127],
      ['/etc/not-executable', 126],
    ] as const) {
      const execId = await host.manager.execs.create(id, { command: [program], attachStdout: true })
      await expect(host.manager.execs.start(execId)).rejects.toMatchObject({
        code: 'invalid-argument',
        details: { exitCode: code },
      })
      expect(host.manager.execs.get(execId)).toMatchObject({ exitCode: code, running: false })
    }
    const execId = await host.manager.execs.create(id, { command: ['true'], user: 'nouser' })
    await expect(host.manager.execs.start(execId)).rejects.toMatchObject({ details: { exitCode: 126 } })
  })

  it('runs detached, once', async () => {
    const execId = await host.manager.execs.create(id, { command: ['sh', '-c', 'echo x > /tmp/detached; exit 3'] })
    expect(await host.manager.execs.start(execId, { detach: true })).toBeUndefined()
    expect((await ended(execId)).exitCode).toBe(3)
    await expect(host.manager.execs.start(execId)).rejects.toMatchObject({
      code: 'conflict',
      message: /has already run/,
    })
    await expect(host.manager.execs.create(id, { command: [] })).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(() => host.manager.execs.get('nope')).toThrow(/No such exec instance/)
  })

  it('ends with its container', async () => {
    const execId = await host.manager.execs.create(id, { command: ['sleep', '1000'], attachStdout: true })
    const streams = (await host.manager.execs.start(execId)) as AttachedStreams
    const output = collect(streams)
    await host.manager.kill(id)
    await output
    expect((await ended(execId)).exitCode).toBe(137)
    await host.manager.remove(id, { force: true })
  })
})

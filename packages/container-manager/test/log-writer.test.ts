import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LogRotation } from '../src/config/log-options.js'
import type { LogEntry, LogOptions } from '../src/index.js'
import { JsonLog } from '../src/logs/json-log.js'
import { LogPositionFile } from '../src/logs/log-position.js'
import { readLog } from '../src/logs/log-reader.js'
import { LogWriter } from '../src/logs/log-writer.js'
import { RawOutput } from '../src/streams/raw-output.js'

let directory: string
let path: string
const unlimited: LogRotation = { maxSizeBytes: undefined, maxFiles: 1 }
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pouch-log-'))
  path = join(directory, 'x.log')
  mkdirSync(join(directory, 'io'))
  for (const name of ['stdout', 'stderr']) writeFileSync(join(directory, 'io', name), '')
})
afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

interface Follower {
  readonly output: RawOutput
  readonly log: JsonLog
  readonly writer: LogWriter
  readonly positions: LogPositionFile
}

function follow(rotation = unlimited): Follower {
  const output = new RawOutput({
    id: 'x',
    directory: join(directory, 'io'),
    streams: ['stdout', 'stderr'],
    readerBacklogBytes: 2 ** 30,
    log: quiet,
  })
  const positions = LogPositionFile.open(join(directory, 'position'))
  const log = new JsonLog(path, rotation)
  const writer = new LogWriter({ output, log, positions, clock: Date.now, logger: quiet, onBacklog: () => {} })
  void writer.done
  return { output, log, writer, positions }
}

async function finish({ output, log, writer, positions }: Follower): Promise<void> {
  output.complete()
  await writer.done
  output.close()
  log.close()
  positions.close()
}

async function stop({ output, log, writer, positions }: Follower): Promise<void> {
  await writer.close()
  output.close()
  log.close()
  positions.close()
}

const say = (text: string, stream = 'stdout') => appendFileSync(join(directory, 'io', stream), text)

async function read(options: LogOptions = { stdout: true }, maxFiles = 1): Promise<string> {
  const entries: LogEntry[] = []
  for await (const entry of readLog({ path, maxFiles, live: undefined, isActive: () => false }, options))
    entries.push(entry)
  return entries.map(({ line }) => Buffer.from(line).toString()).join('')
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('the log writer', () => {
  it('follows both streams without being asked, and ends with a line that has no end', async () => {
    const follower = follow()
    say('one\n')
    say('two\n', 'stderr')
    await until(() => follower.log.end.lengthBytes > 100)
    say('three\nfour without end')
    await finish(follower)
    expect(await read()).toBe('one\nthree\nfour without end')
    expect(await read({ stderr: true })).toBe('two\n')
  })

  it('goes on exactly where it was stopped', async () => {
    say('a\nb\nhalf')
    const first = follow()
    await until(() => first.log.end.lengthBytes > 0)
    await stop(first)
    say(' of a line\nc\n')
    await finish(follow())
    expect(await read()).toBe('a\nb\nhalf of a line\nc\n')
  })

  it('takes back what a kill left between the batch and its position, and writes it again', async () => {
    say('kept\n')
    const first = follow()
    await until(() => first.log.end.lengthBytes > 0)
    await stop(first)
    // As a kill leaves it: a batch whose position was not written, and half an entry behind it.
    say('again\n')
    appendFileSync(path, readFileSync(path, 'utf8').replace('kept', 'again'))
    appendFileSync(path, '{"log":"torn')
    await finish(follow())
    expect(await read()).toBe('kept\nagain\n')
  })

  it('survives a kill within a rotation, before and after the new file', async () => {
    const rotation = { maxSizeBytes: 50, maxFiles: 3 }
    for (const madeNewFile of [false, true]) {
      for (const name of ['x.log', 'x.log.1', 'x.log.2', 'position']) rmSync(join(directory, name), { force: true })
      writeFileSync(join(directory, 'io', 'stdout'), '')
      const first = follow({ maxSizeBytes: undefined, maxFiles: 3 })
      say('first\n')
      await until(() => first.log.end.lengthBytes > 0)
      await stop(first)
      // Rotated, and the position still names the old file.
      writeFileSync(`${path}.1`, '')
      rmSync(`${path}.1`)
      const { renameSync } = await import('node:fs')
      renameSync(path, `${path}.1`)
      if (madeNewFile) writeFileSync(path, '')
      say('second\n')
      await finish(follow(rotation))
      expect(await read({ stdout: true }, 3)).toBe('first\nsecond\n')
    }
  })

  it('keeps so many files and no more, and the newest lines', async () => {
    const follower = follow({ maxSizeBytes: 2000, maxFiles: 3 })
    for (let batch = 0; batch < 40; batch += 1) {
      const before = follower.log.end
      say(`${Array.from({ length: 10 }, (_, index) => `${batch}-${index}`).join('\n')}\n`)
      await until(
        () => follower.log.end.generation > before.generation || follower.log.end.lengthBytes > before.lengthBytes,
      )
    }
    await finish(follower)
    expect([1, 2, 3].map((number) => existsSync(`${path}.${number}`))).toEqual([true, true, false])
    const lines = (await read({ stdout: true }, 3)).trim().split('\n')
    expect(lines.at(-1)).toBe('39-9')
    const numbers = lines.map((line) => Number(line.split('-')[0]) * 10 + Number(line.split('-')[1]))
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
    expect(lines.length).toBeLessThan(150)
  })

  it('uses the other slot when the newer position was torn', () => {
    const file = LogPositionFile.open(join(directory, 'position'))
    file.write({ inode: 1, lengthBytes: 10, stdoutBytes: 3, stderrBytes: 4 })
    file.write({ inode: 2 ** 40, lengthBytes: 2 ** 41, stdoutBytes: 30, stderrBytes: 40 })
    file.close()
    const whole = LogPositionFile.open(join(directory, 'position'))
    expect(whole.position).toEqual({ inode: 2 ** 40, lengthBytes: 2 ** 41, stdoutBytes: 30, stderrBytes: 40 })
    whole.close()
    const bytes = readFileSync(join(directory, 'position'))
    bytes.fill(0xff, 20, 30)
    writeFileSync(join(directory, 'position'), bytes)
    const torn = LogPositionFile.open(join(directory, 'position'))
    expect(torn.position).toEqual({ inode: 1, lengthBytes: 10, stdoutBytes: 3, stderrBytes: 4 })
    torn.close()
  })

  it('gives back the blocks that are logged', async () => {
    const follower = follow()
    const line = `${'x'.repeat(1023)}\n`
    for (let part = 0; part < 24; part += 1) {
      say(line.repeat(1024))
      await until(() => follower.writer.offsets.get('stdout') === (part + 1) * 1024 * 1024)
    }
    const { lstatSync } = await import('node:fs')
    const { size, blocks } = lstatSync(join(directory, 'io', 'stdout'))
    expect(size).toBe(24 * 1024 * 1024)
    expect(blocks * 512).toBeLessThan(12 * 1024 * 1024)
    await finish(follower)
    expect((await read()).length).toBe(24 * 1024 * 1024)
  })
})

describe('reading', () => {
  it('finds the last lines over several files and ignores a torn end', async () => {
    const line = (n: number) =>
      `{"log":"${n}\\n","stream":"${n % 2 ? 'stdout' : 'stderr'}","time":"2020-11-21T10:00:0${n}.5Z"}\n`
    writeFileSync(`${path}.1`, [0, 1, 2, 3].map(line).join(''))
    writeFileSync(path, [4, 5, 6].map(line).join(''))
    expect(await read({ stdout: true, stderr: true, tail: 5 }, 2)).toBe('2\n3\n4\n5\n6\n')
    expect(await read({ stdout: true, stderr: true, tail: 0 }, 2)).toBe('')
    expect(await read({ stdout: true, stderr: true, tail: 7 }, 2)).toBe('0\n1\n2\n3\n4\n5\n6\n')
    expect(await read({ stdout: true, stderr: true, tail: 99 }, 2)).toBe('0\n1\n2\n3\n4\n5\n6\n')
    expect(await read({ stdout: true, tail: 3 }, 2)).toBe('5\n')
    expect(await read({ stdout: true, stderr: true, since: '2020-11-21T10:00:05.5Z' }, 2)).toBe('5\n6\n')
    expect(
      await read(
        {
          stdout: true,
          stderr: true,
          since: String(Date.parse('2020-11-21T10:00:05Z') / 1000),
          until: '2020-11-21T11:00:05.6+01:00',
        },
        2,
      ),
    ).toBe('5\n')
    truncateSync(path, readFileSync(path).length - 3)
    expect(await read({ stdout: true, stderr: true }, 2)).toBe('0\n1\n2\n3\n4\n5\n')
  })

  it('refuses bad bounds', async () => {
    for (const options of [{}, { stdout: true, tail: -1 }, { stdout: true, since: 'soon' }]) {
      await expect(read(options)).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })
})

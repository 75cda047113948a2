import { constants, readFileSync } from 'node:fs'
import { chmod, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasErrno } from '@pouch/errors'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Mounter, mkfifo, mount, punchHole, unmount } from '../src/index.js'
import { runProgram } from '../src/mount-program.js'

const noKoffi = async () => {
  throw new Error('koffi is not here')
}

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pouch-mount-'))
})

afterEach(async () => {
  vi.doUnmock('koffi')
  await rm(directory, { recursive: true })
})

async function script(name: string, ...lines: string[]): Promise<string> {
  const file = join(directory, name)
  await writeFile(file, `#!/bin/sh\n${lines.join('\n')}\n`)
  await chmod(file, 0o755)
  return file
}

/** A process that has ended and was not yet collected counts as gone. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ESRCH')) return false
    throw error
  }
}

describe('a machine without koffi', () => {
  it('can import the package, and makes FIFOs by mkfifo(1)', async () => {
    vi.resetModules()
    let loads = 0
    vi.doMock('koffi', () => {
      loads += 1
      throw new Error('no binary for this platform')
    })
    const copy = await import('../src/index.js')
    expect(loads).toBe(0)
    const path = join(directory, 'fifo')
    await copy.mkfifo(path, 0o640)
    expect(loads).toBe(1)
    expect((await stat(path)).isFIFO()).toBe(true)
  })

  it('is told so where no program serves', async () => {
    const file = await open(join(directory, 'file'), 'w+')
    const punching = new Mounter({ loadKoffi: noKoffi }).punchHole(file.fd, 0, 4096)
    await expect(punching).rejects.toMatchObject({
      code: 'unsupported',
      op: 'punchHole',
      message: expect.stringContaining('koffi'),
      cause: { code: 'unsupported', subject: 'koffi', cause: new Error('koffi is not here') },
    })
    await file.close()
  })

  it('tries to load it once', async () => {
    const loadKoffi = vi.fn(noKoffi)
    const mounter = new Mounter({ loadKoffi })
    await mounter.mkfifo(join(directory, 'a'))
    await mounter.mkfifo(join(directory, 'b'))
    expect(loadKoffi).toHaveBeenCalledTimes(1)
  })
})

describe.each([
  ['with koffi', undefined],
  ['without koffi', noKoffi],
])('mkfifo %s', (_, loadKoffi) => {
  const mounter = new Mounter({ loadKoffi })

  it('makes a FIFO with exactly this mode', async () => {
    const umask = process.umask(0o077)
    try {
      await mounter.mkfifo(join(directory, 'a fifo\nwith -m'), 0o666)
    } finally {
      process.umask(umask)
    }
    const made = await stat(join(directory, 'a fifo\nwith -m'))
    expect(made.isFIFO()).toBe(true)
    expect(made.mode & 0o7777).toBe(0o666)
  })

  it('is for its owner alone unless told otherwise', async () => {
    await mounter.mkfifo(join(directory, 'fifo'))
    expect((await stat(join(directory, 'fifo'))).mode & 0o7777).toBe(0o600)
  })

  it('names the errno', async () => {
    const path = join(directory, 'fifo')
    await mounter.mkfifo(path)
    await expect(mounter.mkfifo(path)).rejects.toMatchObject({
      code: 'already-exists',
      op: 'mkfifo',
      subject: path,
      message: expect.stringContaining('EEXIST'),
      details: { errno: 'EEXIST' },
    })
    await expect(mounter.mkfifo(join(directory, 'no/fifo'))).rejects.toMatchObject({
      code: 'not-found',
      details: { errno: 'ENOENT' },
    })
  })
})

describe('punchHole', () => {
  it('gives blocks back, and keeps the size and the rest', async () => {
    const file = await open(join(directory, 'file'), 'w+')
    await file.write(Buffer.alloc(1024 * 1024, 'x'))
    await file.sync()
    const before = await file.stat()
    await punchHole(file.fd, 0, 512 * 1024)
    const after = await file.stat()
    const byte = async (position: number) => (await file.read(Buffer.alloc(1), 0, 1, position)).buffer[0]
    expect(after.size).toBe(1024 * 1024)
    expect(before.blocks - after.blocks).toBeGreaterThanOrEqual(512 * 2 - 16)
    expect(await byte(512 * 1024 - 1)).toBe(0)
    expect(await byte(512 * 1024)).toBe('x'.charCodeAt(0))
    await file.close()
  })

  it('counts beyond four gigabytes', async () => {
    const file = await open(join(directory, 'file'), 'w+')
    const far = 5 * 1024 ** 3
    await file.write(Buffer.alloc(8192, 'x'), 0, 8192, far)
    await punchHole(file.fd, far, 4096)
    const { buffer } = await file.read(Buffer.alloc(8192), 0, 8192, far)
    expect(buffer.indexOf('x')).toBe(4096)
    await file.close()
  })

  it('names the errno of what cannot be punched', async () => {
    const file = await open(join(directory, 'file'), constants.O_RDONLY | constants.O_CREAT)
    await expect(punchHole(file.fd, 0, 4096)).rejects.toMatchObject({ details: { errno: 'EBADF' } })
    await file.close()
    const fifo = join(directory, 'fifo')
    await mkfifo(fifo)
    const pipe = await open(fifo, constants.O_RDWR)
    await expect(punchHole(pipe.fd, 0, 4096)).rejects.toMatchObject({ details: { errno: 'ESPIPE' } })
    await pipe.close()
  })

  it.each([
    [-1, 0, 1],
    [0, -1, 1],
    [0, 0, 0],
    [0, 0.5, 1],
    [0, 2 ** 53, 1],
    [0, 1, Number.MAX_SAFE_INTEGER],
    [Number.NaN, 0, 1],
  ])('refuses (%d, %d, %d)', async (fd, offset, length) => {
    await expect(punchHole(fd, offset, length)).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

describe('a request that cannot be', () => {
  const good = { source: 'x', target: '/nowhere', type: 'tmpfs' }
  it.each([
    ['a relative target', { ...good, target: 'here' }],
    ['a NUL in the target', { ...good, target: '/a\0b' }],
    ['a NUL in the source', { ...good, source: 'a\0b' }],
    ['a NUL in an option', { ...good, options: ['a\0b'] }],
    ['a type that is an option', { ...good, type: '-a' }],
    ['several types', { ...good, type: 'ext4,xfs' }],
    ['a relative source of a bind', { source: 'x', target: '/nowhere', type: '', options: ['bind'] }],
    ['nothing to do', { source: 'x', target: '/nowhere', type: '' }],
  ])('is refused: %s', async (_, request) => {
    await expect(mount(request)).rejects.toMatchObject({ code: 'invalid-argument', op: 'mount' })
  })

  it('is refused: an unmount where nothing is mounted', async () => {
    await expect(unmount(directory)).rejects.toMatchObject({
      code: 'invalid-argument',
      op: 'unmount',
      subject: directory,
      details: { errno: 'EINVAL' },
    })
    await expect(unmount('here')).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('is refused: a mode that is none', async () => {
    await expect(mkfifo(join(directory, 'fifo'), 0o10000)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('ends before anything is done when the caller has left', async () => {
    const signal = AbortSignal.abort()
    await expect(mount(good, { signal })).rejects.toMatchObject({ code: 'aborted', subject: '/nowhere' })
    await expect(unmount('/proc', { signal })).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('a helper process', () => {
  const run = (program: string, more: { deadlineMs?: number; signal?: AbortSignal; args?: string[] } = {}) =>
    runProgram({
      op: 'mount',
      what: 'mount s on /t',
      subject: '/t',
      names: ['/t'],
      args: [],
      deadlineMs: 10_000,
      ...more,
      program,
    })

  it('is killed at the deadline with all that it started', async () => {
    const pids = join(directory, 'pids')
    const stuck = await script('mount', `sleep 60 & echo $$ $! > ${pids}`, 'wait')
    const start = Date.now()
    await expect(run(stuck, { deadlineMs: 1500 })).rejects.toMatchObject({
      code: 'timeout',
      op: 'mount',
      subject: '/t',
      message: expect.stringContaining('unknown'),
      details: { deadlineMs: 1500 },
    })
    expect(Date.now() - start).toBeLessThan(20_000)
    const file = await open(pids)
    const started = (await file.readFile('utf8')).trim().split(' ').map(Number)
    await file.close()
    expect(started).toHaveLength(2)
    await vi.waitFor(() => expect(started.filter(isAlive)).toEqual([]))
  })

  it('is killed when its caller leaves', async () => {
    const stuck = await script('mount', 'exec sleep 60')
    const caller = new AbortController()
    const running = run(stuck, { signal: caller.signal })
    setTimeout(() => caller.abort(), 100)
    await expect(running).rejects.toMatchObject({ code: 'aborted' })
  })

  it('is not waited for when something that it started lives on and holds its output', async () => {
    const pid = join(directory, 'pid')
    const lasting = await script('mount', `sleep 60 & echo $! > ${pid}`)
    const start = Date.now()
    await run(lasting)
    expect(Date.now() - start).toBeLessThan(20_000)
    const file = await open(pid)
    const survivor = Number(await file.readFile('utf8'))
    await file.close()
    expect(isAlive(survivor)).toBe(true)
    process.kill(survivor, 'SIGKILL')
  })

  it('that failed is not waited for either', async () => {
    const pid = join(directory, 'pid')
    const lasting = await script('mount', `sleep 60 & echo $! > ${pid}`, 'echo "it is busy" >&2', 'exit 32')
    const start = Date.now()
    await expect(run(lasting)).rejects.toMatchObject({ code: 'in-use', details: { errno: 'EBUSY' } })
    expect(Date.now() - start).toBeLessThan(20_000)
    process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL')
  })

  it('gives its own words when it says nothing that is known', async () => {
    const failing = await script('mount', 'echo "the moon is in the wrong phase" >&2', 'exit 7')
    await expect(run(failing)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('the moon is in the wrong phase'),
      details: { program: failing, status: 7, words: 'the moon is in the wrong phase' },
    })
    await expect(run(await script('silent', 'exit 1'))).rejects.toMatchObject({
      message: expect.stringContaining('no reason'),
    })
  })

  it('may say more than is kept', async () => {
    const chatty = await script('mount', 'yes nonsense | head -c 1000000 >&2', 'exit 1')
    const error = await run(chatty).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'internal' })
    expect(JSON.stringify(error).length).toBeLessThan(200_000)
  })

  it('gets its arguments as they are, and nothing of the environment', async () => {
    const seen = join(directory, 'seen')
    const showing = await script('mount', `printf '%s|' "$@" "$LC_ALL" "$HOME" > ${seen}`)
    await run(showing, { args: ['$(id)', "a'b", '*', 'x\ny'] })
    const file = await open(seen)
    expect(await file.readFile('utf8')).toBe("$(id)|a'b|*|x\ny|C||")
    await file.close()
  })

  it('is named when it is not installed', async () => {
    await expect(run('no-such-mount-program')).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('no-such-mount-program'),
      details: { program: 'no-such-mount-program' },
    })
  })
})

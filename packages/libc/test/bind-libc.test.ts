import { closeSync, constants, writeSync } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { bindLibc, errnoName } from '../src/index.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pouch-libc-'))
})

afterEach(async () => {
  vi.doUnmock('koffi')
  await rm(directory, { recursive: true })
})

const access = { access: { returns: 'int', args: ['str', 'int'] } }

describe('a bound function', () => {
  it('answers value and errno together', async () => {
    const libc = await bindLibc(access)
    expect(libc.access('/', constants.F_OK)).toEqual({ value: 0, errno: undefined })
    expect(libc.access(join(directory, 'nothing'), constants.F_OK)).toEqual({ value: -1, errno: 'ENOENT' })
    expect(libc.access(`${process.execPath}/x`, constants.F_OK)).toEqual({ value: -1, errno: 'ENOTDIR' })
  })

  it('keeps the errnos of calls on other threads apart', async () => {
    const libc = await bindLibc({ ...access, close: { returns: 'int', args: ['int'] } })
    const calls = Array.from({ length: 60 }, (_, index) =>
      index % 2 === 0 ? libc.close.async(-7) : libc.access.async(`/nothing-${index}`, 0),
    )
    const errnos = (await Promise.all(calls)).map(({ errno }) => errno)
    expect(errnos).toEqual(Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? 'EBADF' : 'ENOENT')))
  })

  it('lets this thread go on while another one waits', async () => {
    const libc = await bindLibc({
      pipe: { returns: 'int', args: ['void *'] },
      read: { returns: 'int64', args: ['int', 'void *', 'uint64'] },
    })
    const ends = Buffer.alloc(8)
    expect(libc.pipe(ends).errno).toBeUndefined()
    const [reader, writer] = [ends.readInt32LE(0), ends.readInt32LE(4)]
    try {
      const letter = Buffer.alloc(1)
      const reading = libc.read.async(reader, letter, 1)
      // What the other thread waits for comes from this one.
      writeSync(writer, 'x')
      expect(await reading).toEqual({ value: 1, errno: undefined })
      expect(letter.toString()).toBe('x')
    } finally {
      for (const fd of [reader, writer]) closeSync(fd)
    }
  })

  it('writes into buffers in place and takes 64-bit numbers whole', async () => {
    const libc = await bindLibc({ pread: { returns: 'int64', args: ['int', 'void *', 'uint64', 'int64'] } })
    const path = join(directory, 'file')
    await writeFile(path, 'over the hills')
    const file = await open(path)
    const buffer = Buffer.alloc(8)
    expect(libc.pread(file.fd, buffer, 5, 5n)).toEqual({ value: 5, errno: undefined })
    expect(await libc.pread.async(file.fd, buffer.subarray(5), 3, 10)).toEqual({ value: 3, errno: undefined })
    expect(buffer.toString()).toBe('the hill')
    expect(libc.pread(file.fd, buffer, 5, -1n)).toEqual({ value: -1, errno: 'EINVAL' })
    await file.close()
  })

  it('reads a null pointer as a failure, and no other', async () => {
    const libc = await bindLibc({
      opendir: { returns: 'void *', args: ['str'] },
      closedir: { returns: 'int', args: ['void *'] },
    })
    expect(libc.opendir(join(directory, 'nothing'))).toMatchObject({ errno: 'ENOENT' })
    const { value, errno } = libc.opendir(directory)
    expect(errno).toBeUndefined()
    expect(libc.closedir(value)).toEqual({ value: 0, errno: undefined })
  })

  it('may have another name here than in the library', async () => {
    const libc = await bindLibc({ myPid: { returns: 'int', args: [], symbol: 'getpid' } })
    expect(libc.myPid().value).toBe(process.pid)
  })

  it('is not called with too few arguments', async () => {
    const libc = await bindLibc(access)
    const refusal = { code: 'invalid-argument', op: 'libc.call', subject: 'access' }
    expect(() => libc.access('/')).toThrow(expect.objectContaining(refusal))
    await expect(libc.access.async('/')).rejects.toMatchObject(refusal)
  })
})

describe('where it cannot work', () => {
  it('imports without koffi, and says what to install when it is needed', async () => {
    vi.resetModules()
    let loads = 0
    vi.doMock('koffi', () => {
      loads += 1
      throw new Error('no binary for this platform')
    })
    const copy = await import('../src/index.js')
    expect(loads).toBe(0)
    await expect(copy.bindLibc(access)).rejects.toMatchObject({
      code: 'unsupported',
      op: 'libc.bind',
      subject: 'koffi',
      message: expect.stringContaining('npm install koffi'),
    })
    expect(loads).toBe(1)
  })

  it('names a function that the library lacks', async () => {
    await expect(bindLibc({ no_such_call: { returns: 'int', args: ['int'] } })).rejects.toMatchObject({
      code: 'unsupported',
      subject: 'no_such_call',
      message: expect.stringContaining('int (int)'),
    })
  })

  it('refuses outside Linux before anything is loaded', async () => {
    const load = vi.fn()
    vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin')
    try {
      await expect(bindLibc(access, load)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining('darwin'),
      })
    } finally {
      vi.restoreAllMocks()
    }
    expect(load).not.toHaveBeenCalled()
  })
})

describe('errnoName', () => {
  it('knows the names of this system', () => {
    expect([2, 11, 16, 95, 122, 4095].map(errnoName)).toEqual([
      'ENOENT',
      'EAGAIN',
      'EBUSY',
      'ENOTSUP',
      'EDQUOT',
      'E4095',
    ])
  })
})

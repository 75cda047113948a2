import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OptionValue } from '@pouch/volume-core/driver'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { local } from '../src/index.js'
import { call, openDriver, surroundings, volume } from './open-driver.js'

let base: string
let home: string
let root: string

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'pouch-volume-local-')))
  home = join(base, 'home')
  root = join(home, 'volume')
  await mkdir(home)
})

afterEach(async () => {
  await rm(base, { recursive: true, force: true })
})

const modeOf = async (path: string) => (await stat(path)).mode & 0o7777

describe('a volume on disk', () => {
  it('is <home>/volume/<name>/_data, with modes that no umask changes', async () => {
    const umask = process.umask(0o077)
    try {
      const driver = await openDriver(local(), home)
      await driver.create(volume('data'), call)
      expect(await driver.path(volume('data'), call)).toBe(join(root, 'data/_data'))
    } finally {
      process.umask(umask)
    }
    expect(await modeOf(join(root, 'data'))).toBe(0o701)
    expect(await modeOf(join(root, 'data/_data'))).toBe(0o755)
  })

  it('is below another root when one is given', async () => {
    const driver = await openDriver(local({ root: join(base, 'else/where/') }), home)
    await driver.create(volume('data'), call)
    expect(await driver.path(volume('data'), call)).toBe(join(base, 'else/where/data/_data'))
    await expect(stat(root)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('is open to others only when its data has the mode that was asked for: a crash before that is seen', async () => {
    const umask = process.umask(0o022)
    try {
      const driver = await openDriver(local(), home)
      let isDone = false
      const creating = driver.create(volume('data', { mode: 0o777 }), call).finally(() => {
        isDone = true
      })
      for (let look = 0; !isDone; look += 1) {
        const [directory, data] = ['data', 'data/_data'].map((path) =>
          statSync(join(root, path), { throwIfNoEntry: false }),
        )
        const isOpen = directory !== undefined && (directory.mode & 0o7777) === 0o701
        if (isOpen && data !== undefined) expect(data.mode & 0o7777).toBe(0o777)
        // At first between the steps of the driver, before any call of a thread has ended.
        if (look > 50) await new Promise((resolve) => setImmediate(resolve))
        else await Promise.resolve()
      }
      await creating
    } finally {
      process.umask(umask)
    }
    expect(await modeOf(join(root, 'data/_data'))).toBe(0o777)
  })

  it('keeps its modes when create is repeated', async () => {
    const driver = await openDriver(local(), home)
    await driver.create(volume('data'), call)
    execFileSync('chmod', ['2770', join(root, 'data/_data')])
    await driver.create(volume('data'), call)
    expect(await modeOf(join(root, 'data/_data'))).toBe(0o2770)
  })

  it.each(['other', '_data/other'])(
    'is not made of a directory that has %s in it and is none of a volume',
    async (file) => {
      const driver = await openDriver(local(), home)
      await mkdir(join(root, 'data/_data'), { recursive: true })
      await chmod(join(root, 'data'), 0o700)
      if (file === 'other') await rmdir(join(root, 'data/_data'))
      await writeFile(join(root, 'data', file), 'precious')
      await expect(driver.create(volume('data'), call)).rejects.toMatchObject({ code: 'already-exists' })
      expect(await readFile(join(root, 'data', file), 'utf8')).toBe('precious')
      expect(await modeOf(join(root, 'data'))).toBe(0o700)
    },
  )

  it.each([
    ['its directory alone', async () => undefined],
    ['its data directory closed', async () => await mkdir(join(root, 'data/_data'), 0o700)],
  ])('is finished by a second create when a crash left %s', async (_, leave) => {
    const driver = await openDriver(local(), home)
    await mkdir(join(root, 'data'), 0o700)
    await leave()
    await driver.create(volume('data'), call)
    expect(await modeOf(join(root, 'data'))).toBe(0o701)
    expect(await modeOf(join(root, 'data/_data'))).toBe(0o755)
  })

  it('is nowhere once its directory was taken away', async () => {
    const driver = await openDriver(local(), home)
    await driver.create(volume('data'), call)
    await rm(join(root, 'data/_data'), { recursive: true })
    expect(await driver.path(volume('data'), call)).toBeUndefined()
  })

  it('is not made where a file or a link is in the way', async () => {
    const driver = await openDriver(local(), home)
    await mkdir(join(base, 'outside/_data'), { recursive: true })
    await symlink(join(base, 'outside'), join(root, 'link'))
    await writeFile(join(root, 'file'), '')
    for (const name of ['link', 'file']) {
      await expect(driver.create(volume(name), call)).rejects.toMatchObject({ code: 'invalid-argument' })
      await expect(driver.path(volume(name), call)).rejects.toMatchObject({ code: 'invalid-argument' })
    }
  })

  it.each(['..', '.', '', '../out', 'a/b', '.trash', '.new', '_data', 'a\0b', 'x'.repeat(256)])(
    'never has the name %j',
    async (name) => {
      const driver = await openDriver(local(), home)
      const attempts = [
        driver.create(volume(name), call),
        driver.remove(volume(name), call),
        driver.path(volume(name), call),
      ]
      for (const attempt of await Promise.allSettled(attempts)) {
        expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'invalid-argument' } })
      }
      expect((await readdir(root)).sort()).toEqual(['.new', '.trash'])
      expect(await readdir(home)).toEqual(['volume'])
    },
  )

  it('ends before anything is done when the caller has left', async () => {
    const driver = await openDriver(local(), home)
    await driver.create(volume('kept'), call)
    const left = { ...call, signal: AbortSignal.abort() }
    await expect(driver.create(volume('data'), left)).rejects.toMatchObject({ code: 'aborted' })
    await expect(driver.remove(volume('kept'), left)).rejects.toMatchObject({ code: 'aborted' })
    expect((await readdir(root)).sort()).toEqual(['.new', '.trash', 'kept'])
  })
})

describe('removing a volume', () => {
  it('takes it away at once and deletes it by the time the driver is closed', async () => {
    const driver = await openDriver(local(), home)
    await driver.create(volume('data'), call)
    for (let i = 0; i < 40; i += 1) {
      await mkdir(join(root, `data/_data/${i}/a/b`), { recursive: true })
      for (let j = 0; j < 40; j += 1) await writeFile(join(root, `data/_data/${i}/a/${j}`), '')
    }
    await driver.remove(volume('data'), call)
    await expect(stat(join(root, 'data'))).rejects.toMatchObject({ code: 'ENOENT' })
    await driver.close()
    expect(await readdir(join(root, '.trash'))).toEqual([])
  })

  it('follows no link out of it', async () => {
    await mkdir(join(base, 'outside'))
    await writeFile(join(base, 'outside/file'), 'precious')
    const driver = await openDriver(local(), home)
    await driver.create(volume('data'), call)
    await symlink(join(base, 'outside'), join(root, 'data/_data/dir'))
    await symlink(join(base, 'outside/file'), join(root, 'data/_data/file'))
    await mkdir(join(root, 'data/_data/below'))
    await symlink('../../../../../outside', join(root, 'data/_data/below/up'))
    await driver.remove(volume('data'), call)
    await driver.close()
    expect(await readFile(join(base, 'outside/file'), 'utf8')).toBe('precious')
    expect(await readdir(join(root, '.trash'))).toEqual([])
  })

  it('removes a link that stands where the volume was, not what it leads to', async () => {
    await mkdir(join(base, 'outside'))
    await writeFile(join(base, 'outside/file'), 'precious')
    const driver = await openDriver(local(), home)
    await symlink(join(base, 'outside'), join(root, 'data'))
    await driver.remove(volume('data'), call)
    await driver.close()
    expect(await readFile(join(base, 'outside/file'), 'utf8')).toBe('precious')
    expect(await readdir(root)).not.toContain('data')
  })

  it('deletes trees deeper than a path may be long', async () => {
    const driver = await openDriver(local(), home)
    await driver.create(volume('data'), call)
    // Two halves, each short enough for a path, put one into the other.
    const name = 'd'.repeat(200)
    const half = join(base, 'half')
    await mkdir(join(half, ...Array<string>(15).fill(name)), { recursive: true })
    await writeFile(join(half, name, 'file'), '')
    const deep = join(root, 'data/_data', ...Array<string>(15).fill(name))
    await mkdir(deep, { recursive: true })
    await rename(half, join(deep, 'half'))
    await expect(stat(join(deep, 'half', ...Array<string>(15).fill(name)))).rejects.toMatchObject({
      code: 'ENAMETOOLONG',
    })
    await driver.remove(volume('data'), call)
    await driver.close()
    expect(await readdir(join(root, '.trash'))).toEqual([])
  })

  it('deletes files whose names are not text', async () => {
    const driver = await openDriver(local(), home)
    await driver.create(volume('data'), call)
    const bytes = Buffer.from([0x66, 0xe9, 0x0a, 0xff])
    const data = Buffer.from(`${root}/data/_data/`)
    await mkdir(Buffer.concat([data, bytes]))
    await writeFile(Buffer.concat([data, bytes, Buffer.from('/'), bytes]), '')
    await driver.remove(volume('data'), call)
    await driver.close()
    expect(await readdir(join(root, '.trash'))).toEqual([])
  })

  it('can be repeated, and of what never was', async () => {
    const driver = await openDriver(local(), home)
    await driver.create(volume('data'), call)
    await driver.remove(volume('data'), call)
    await driver.remove(volume('data'), call)
    await driver.remove(volume('never-was'), call)
    expect(await driver.path(volume('data'), call)).toBeUndefined()
  })

  it('of a long name finds room in the trash', async () => {
    const name = 'n'.repeat(255)
    const driver = await openDriver(local(), home)
    await driver.create(volume(name), call)
    await driver.remove(volume(name), call)
    await driver.close()
    expect(await readdir(join(root, '.trash'))).toEqual([])
  })
})

describe('what a crash left', () => {
  it('in the trash and half made is gone after the next opening, and volumes are not', async () => {
    const first = await openDriver(local(), home)
    await first.create(volume('kept'), call)
    await writeFile(join(root, 'kept/_data/file'), 'kept')
    await first.close()
    await mkdir(join(root, '.trash/old/_data/x'), { recursive: true })
    await writeFile(join(root, '.trash/old/_data/x/file'), '')
    await mkdir(join(root, '.new/draft/_data'), { recursive: true })
    const second = await openDriver(local(), home)
    await second.close()
    expect(await readdir(join(root, '.trash'))).toEqual([])
    expect(await readdir(join(root, '.new'))).toEqual([])
    expect(await readFile(join(root, 'kept/_data/file'), 'utf8')).toBe('kept')
  })
})

describe('an adopted directory', () => {
  const adopt = async (mount: string, around = surroundings()) => {
    const driver = await openDriver(local(), home, around)
    const created = await driver.create(volume('data', { mount }), call)
    const adopted = volume('data', { mount }, created?.state)
    return { driver, adopted, path: await driver.path(adopted, call) }
  }

  it('is the volume, and keeps its data when the volume is removed', async () => {
    await mkdir(join(base, 'mine'))
    await writeFile(join(base, 'mine/file'), 'precious')
    const { driver, adopted, path } = await adopt(join(base, 'mine'))
    expect(path).toBe(join(base, 'mine'))
    await driver.remove(adopted, call)
    await driver.remove(adopted, call)
    await driver.close()
    expect(await readFile(join(base, 'mine/file'), 'utf8')).toBe('precious')
    expect(await readdir(root)).toEqual(['.new', '.trash'])
  })

  it('that was empty is left too', async () => {
    await mkdir(join(base, 'mine'))
    const { driver, adopted } = await adopt(join(base, 'mine'))
    await driver.remove(adopted, call)
    expect(await readdir(join(base, 'mine'))).toEqual([])
  })

  it('is made with those above it when it is absent, and taken away again while it is empty', async () => {
    const around = surroundings()
    const { driver, adopted, path } = await adopt(join(base, 'mnt/mysql_data'), around)
    expect(path).toBe(join(base, 'mnt/mysql_data'))
    expect(around.kept.size).toBe(1)
    await driver.remove(adopted, call)
    expect(await readdir(join(base, 'mnt'))).toEqual([])
    expect(around.kept.size).toBe(0)
  })

  it('that was made is kept once it has data', async () => {
    const around = surroundings()
    const { driver, adopted } = await adopt(join(base, 'made'), around)
    await writeFile(join(base, 'made/file'), 'precious')
    await driver.remove(adopted, call)
    expect(await readFile(join(base, 'made/file'), 'utf8')).toBe('precious')
    expect(around.kept.size).toBe(0)
  })

  it('that was made by a create which a crash cut short is known as made', async () => {
    const around = surroundings()
    await adopt(join(base, 'made'), around)
    const again = await adopt(join(base, 'made'), around)
    await again.driver.remove(again.adopted, call)
    await expect(stat(join(base, 'made'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('that a crash left without a state is found again by its option', async () => {
    const around = surroundings()
    const { driver } = await adopt(join(base, 'made'), around)
    await driver.remove(volume('data', { mount: join(base, 'made') }), call)
    await expect(stat(join(base, 'made'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('that a second volume took as well is left by both', async () => {
    const around = surroundings()
    const { driver, adopted } = await adopt(join(base, 'made'), around)
    const mount = join(base, 'made')
    const created = await driver.create(volume('second', { mount }), call)
    await driver.remove(adopted, call)
    expect(await driver.path(volume('second', { mount }, created?.state), call)).toBe(mount)
    await driver.remove(volume('second', { mount }, created?.state), call)
    expect(await readdir(mount)).toEqual([])
  })

  it('stays the same when the link to it is turned elsewhere', async () => {
    await mkdir(join(base, 'one'))
    await mkdir(join(base, 'two'))
    await symlink(join(base, 'one'), join(base, 'link'))
    const { driver, adopted, path } = await adopt(join(base, 'link'))
    expect(path).toBe(join(base, 'one'))
    await rm(join(base, 'link'))
    await symlink(join(base, 'two'), join(base, 'link'))
    expect(await driver.path(adopted, call)).toBe(join(base, 'one'))
  })

  it('is nowhere once it was taken away', async () => {
    await mkdir(join(base, 'mine'))
    const { driver, adopted } = await adopt(join(base, 'mine'))
    await rm(join(base, 'mine'), { recursive: true })
    expect(await driver.path(adopted, call)).toBeUndefined()
  })

  it('is no file, and not below one', async () => {
    await writeFile(join(base, 'file'), '')
    for (const mount of [join(base, 'file'), join(base, 'file/below')]) {
      await expect(adopt(mount)).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining('mount path is not a directory'),
      })
    }
  })

  it.each<Record<string, OptionValue>>([
    { size: 4096 },
    { quota: 'loop' },
    { inodes: 10 },
    { fs: 'ext4' },
    { uid: 0 },
    { gid: 0 },
    { mode: 0o700 },
    { type: 'tmpfs', device: 'tmpfs' },
  ])('is used as it is: beside it %j is refused, and nothing is made', async (beside) => {
    const driver = await openDriver(local(), home)
    const mount = join(base, 'mine')
    const refusal = {
      code: 'invalid-argument',
      details: { option: 'device' in beside ? 'mount' : Object.keys(beside)[0] },
    }
    const source = volume('source')
    await driver.create(source, call)
    const adopted = volume('data', { mount, ...beside })
    await expect(driver.create(adopted, call)).rejects.toMatchObject(refusal)
    await expect(
      driver.cloning?.clone(adopted, { source, isMounted: false, allowInconsistent: false }, call),
    ).rejects.toMatchObject(refusal)
    await expect(stat(mount)).rejects.toMatchObject({ code: 'ENOENT' })
    await driver.remove(adopted, call)
  })

  it('is no link to nowhere', async () => {
    await symlink(join(base, 'nowhere'), join(base, 'link'))
    await expect(adopt(join(base, 'link'))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(stat(join(base, 'nowhere'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('is not in the engine’s home, nor around it, whatever leads there', async () => {
    await symlink(home, join(base, 'link'))
    const inside = [home, join(home, 'x'), join(root, 'other/_data'), join(base, 'link'), join(base, 'link/new')]
    for (const mount of [...inside, base, '/', join(base, 'x/../home/y')]) {
      await expect(adopt(mount)).rejects.toMatchObject({
        code: 'invalid-argument',
        details: { option: 'mount' },
      })
    }
    expect(await readdir(home)).toEqual(['volume'])
  })
})

describe('the factory', () => {
  it('refuses a root that is not absolute', () => {
    for (const wrong of ['volumes', '', '/a\0b']) {
      expect(() => local({ root: wrong })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    }
  })

  it('declares every spelling of a size', () => {
    const { options } = local()
    expect(options).toMatchObject({
      size: { type: 'bytes', aliases: ['opt.size', 'Size', 'opt.Size'] },
      mount: { type: 'path' },
    })
  })
})

import { chmod, chown, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bindMount, mount, mountsUnder, unmount } from '@pouch/mount'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { local } from '../../src/index.js'
import { call, openDriver, surroundings, volume } from '../open-driver.js'

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
  for (const { mountPoint } of (await mountsUnder(base)).reverse()) await unmount(mountPoint, { lazy: true })
  await rm(base, { recursive: true, force: true })
})

if (process.geteuid?.() === 0) {
  describe('with mounts', mountTests)
  describe('as a plain user', userTests)
} else {
  describe('as a plain user', () => {
    it('a volume needs no privilege', async () => {
      const driver = await openDriver(local(), home)
      await driver.create(volume('data'), call)
      await readOnlyTree(join(root, 'data/_data'))
      await driver.remove(volume('data'), call)
      await driver.close()
      expect(await readdir(join(root, '.trash'))).toEqual([])
    })
  })
}

async function readOnlyTree(directory: string): Promise<void> {
  await mkdir(join(directory, 'cache/module'), { recursive: true })
  await writeFile(join(directory, 'cache/module/file'), '', { mode: 0o444 })
  await mkdir(join(directory, 'cache/module/below'), { mode: 0o555 })
  for (const path of ['cache/module', 'cache']) await chmod(join(directory, path), 0o555)
}

function mountTests(): void {
  it('a volume with something mounted in it is in use, and keeps everything', async () => {
    const driver = await openDriver(local(), home)
    await driver.create(volume('data'), call)
    const below = join(root, 'data/_data/below')
    await mkdir(below)
    await mount({ source: 'pouch-test', target: below, type: 'tmpfs' })
    await writeFile(join(below, 'file'), 'precious')
    await expect(driver.remove(volume('data'), call)).rejects.toMatchObject({
      code: 'in-use',
      message: expect.stringContaining(below),
      details: { mounts: [below] },
    })
    expect(await readFile(join(below, 'file'), 'utf8')).toBe('precious')
    await unmount(below)
    await driver.remove(volume('data'), call)
    await driver.close()
    expect(await readdir(join(root, '.trash'))).toEqual([])
  })

  it('a volume that is itself a mount point is in use', async () => {
    const driver = await openDriver(local(), home)
    await driver.create(volume('data'), call)
    await mount({ source: 'pouch-test', target: join(root, 'data'), type: 'tmpfs' })
    await expect(driver.remove(volume('data'), call)).rejects.toMatchObject({ code: 'in-use' })
  })

  it('a deletion never reaches through a mount, and says what it left', async () => {
    const precious = join(base, 'precious')
    await mkdir(precious)
    await writeFile(join(precious, 'file'), 'precious')
    const below = join(root, '.trash/old/_data/below')
    await mkdir(below, { recursive: true })
    await writeFile(join(root, '.trash/old/_data/plain'), '')
    await bindMount(precious, below)
    const around = surroundings()
    const first = await openDriver(local(), home, around)
    await first.close()
    expect(await readFile(join(precious, 'file'), 'utf8')).toBe('precious')
    expect(around.warnings.map(({ message }) => message)).toEqual([expect.stringContaining('cannot be deleted')])
    for (const { mountPoint } of await mountsUnder(root)) await unmount(mountPoint)
    const second = await openDriver(local(), home)
    await second.close()
    expect(await readdir(join(root, '.trash'))).toEqual([])
    expect(await readFile(join(precious, 'file'), 'utf8')).toBe('precious')
  })

  it('an adopted directory with a mount in it is left alone', async () => {
    const mine = join(base, 'mine')
    await mkdir(join(mine, 'below'), { recursive: true })
    await mount({ source: 'pouch-test', target: join(mine, 'below'), type: 'tmpfs' })
    const driver = await openDriver(local(), home)
    const created = await driver.create(volume('data', { mount: mine }), call)
    await driver.remove(volume('data', { mount: mine }, created?.state), call)
    expect(await mountsUnder(mine)).toHaveLength(1)
  })
}

function userTests(): void {
  const nobody = 65534

  it('trees of directories that are not writable are deleted', async () => {
    for (const directory of [base, home]) await chown(directory, nobody, nobody)
    process.setegid?.(nobody)
    process.seteuid?.(nobody)
    try {
      const driver = await openDriver(local(), home)
      await driver.create(volume('data'), call)
      await readOnlyTree(join(root, 'data/_data'))
      await driver.remove(volume('data'), call)
      await driver.close()
      expect(await readdir(join(root, '.trash'))).toEqual([])
    } finally {
      process.seteuid?.(0)
      process.setegid?.(0)
    }
  })

  it('what may not be read is told as such, and not as absent', async () => {
    await mkdir(join(base, 'closed/dir'), { recursive: true })
    await chmod(join(base, 'closed'), 0o700)
    await symlink(join(base, 'closed/dir'), join(base, 'link'))
    await chown(home, nobody, nobody)
    await chmod(base, 0o755)
    process.seteuid?.(nobody)
    try {
      const driver = await openDriver(local(), home)
      const mount = join(base, 'link')
      await expect(driver.create(volume('data', { mount }), call)).rejects.toMatchObject({ code: 'EACCES' })
    } finally {
      process.seteuid?.(0)
    }
  })
}

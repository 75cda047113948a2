import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeDirectories } from '../src/make-directories.js'

let base: string
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pouch-directories-'))
})
afterEach(async () => {
  await rm(base, { recursive: true })
})

describe('making directories', () => {
  it('makes what is absent, and may be repeated', async () => {
    const path = join(base, 'a/b/c')
    await Promise.all([makeDirectories(path, 0o700), makeDirectories(path, 0o700)])
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    expect((await stat(join(base, 'a'))).mode & 0o777).toBe(0o700)
  })

  it('leaves what is there as it is, also behind a link', async () => {
    await mkdir(join(base, 'there'), 0o711)
    await symlink('there', join(base, 'link'))
    await makeDirectories(join(base, 'link/below'), 0o700)
    expect((await stat(join(base, 'there'))).mode & 0o777).toBe(0o711)
    expect((await stat(join(base, 'there/below'))).isDirectory()).toBe(true)
    await makeDirectories('/')
  })

  it('fails where a file is in the way, and where no directory can be made', async () => {
    await writeFile(join(base, 'file'), '')
    await expect(makeDirectories(join(base, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(makeDirectories(join(base, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' })
    await symlink('nowhere', join(base, 'dangling'))
    await expect(makeDirectories(join(base, 'dangling'))).rejects.toMatchObject({ code: 'EEXIST' })
    if (process.platform === 'linux') {
      await expect(makeDirectories('/proc/pouch/no')).rejects.toMatchObject({ code: 'ENOENT' })
    }
  })
})

import { chmod, chown, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { local } from '../src/index.js'

let base: string
let engine: VolumeEngine

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'pouch-volume-local-')))
  await mkdir(join(base, 'home'))
  engine = await createVolumeEngine({ home: join(base, 'home'), drivers: [local()] })
})

afterEach(async () => {
  await engine.close()
  await rm(base, { recursive: true })
})

describe('under an engine', () => {
  it('a volume of no named driver is a directory', async () => {
    const { name, driver, mountpoint } = await engine.volumes.create({ name: 'data' })
    expect({ name, driver, mountpoint }).toEqual({
      name: 'data',
      driver: 'local',
      mountpoint: join(base, 'home/volume/data/_data'),
    })
  })

  it('an unknown option is refused by name', async () => {
    await expect(engine.volumes.create({ name: 'data', options: { colour: 'red' } })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('colour'),
    })
  })

  it('mount= makes a directory that is absent, and data in it outlives the volume', async () => {
    const mount = join(base, 'mnt/mysql_data')
    const { mountpoint } = await engine.volumes.create({ name: 'mysql_data', driver: 'local', options: { mount } })
    expect(mountpoint).toBe(mount)
    await writeFile(join(mount, 'table'), 'rows')
    await engine.volumes.remove('mysql_data')
    expect(await readFile(join(mount, 'table'), 'utf8')).toBe('rows')
  })

  it('mount= of a relative path or a file is refused', async () => {
    await writeFile(join(base, 'file'), '')
    for (const mount of ['mine', join(base, 'file')]) {
      await expect(engine.volumes.create({ name: 'data', options: { mount } })).rejects.toMatchObject({
        code: 'invalid-argument',
      })
    }
    expect(await engine.volumes.find('data')).toBeUndefined()
  })

  it('options of the top directory hold when content is brought into it; without them it is as the content says', async () => {
    const { volumes } = engine
    const self = process.geteuid?.() ?? 0
    const [theirs, asked] = self === 0 ? [7, 9] : [self, self]
    const dataOf = (name: string) => join(base, 'home/volume', name, '_data')
    await volumes.create({ name: 'source' })
    await chown(dataOf('source'), theirs, -1)
    await chmod(dataOf('source'), 0o1777)
    const access = async (name: string) => {
      const { mode, uid } = await stat(dataOf(name))
      return [mode & 0o7777, uid]
    }
    const options = { mode: '700', uid: String(asked) }
    await volumes.import({ name: 'asked', options }, await volumes.export('source'))
    await volumes.import({ name: 'half', options: { uid: options.uid } }, await volumes.export('source'))
    await volumes.import({ name: 'plain' }, await volumes.export('source'))
    expect(await access('asked')).toEqual([0o700, asked])
    expect(await access('half')).toEqual([0o1777, asked])
    expect(await access('plain')).toEqual([0o1777, theirs])
    await volumes.migrate('plain', { driver: 'local', options })
    expect(await access('plain')).toEqual([0o700, asked])
    await volumes.migrate('plain', { driver: 'local' })
    expect(await access('plain')).toEqual([0o700, asked])
  })

  it('a hundred volumes come and go at a time, and leave nothing', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `volume-${index}`)
    await Promise.all(names.map((name) => engine.volumes.create({ name })))
    for (const name of names) await writeFile(join(base, 'home/volume', name, '_data/file'), name)
    await Promise.all(names.map((name) => engine.volumes.remove(name)))
    await engine.close()
    expect((await readdir(join(base, 'home/volume'))).sort()).toEqual(['.new', '.trash'])
    expect(await readdir(join(base, 'home/volume/.trash'))).toEqual([])
  })
})

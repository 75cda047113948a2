import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type MetadataStore, memoryStore } from '@pouch/store'
import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import { type DriverDefinition, facetNames } from '@pouch/volume-core/driver'
import { memoryDriver } from '@pouch/volume-core/testing'
import { local } from '@pouch/volume-local'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { sweep } from '../../scripts/demo/sweep.mjs'
import { BtrfsDisk } from './btrfs-disk.js'
import { type HangsAt, hangingAt } from './hanging-driver.js'

type Options = Readonly<Record<string, string>>

const image: Options = { size: '8m', quota: 'loop' }

describe('on the filesystem of this host', () => {
  declare('a directory', {}, async () => tmpdir())
  declare('an image', image, async () => tmpdir())
})

describe('on btrfs', () => {
  let btrfs: BtrfsDisk
  beforeAll(async () => {
    btrfs = await BtrfsDisk.make()
  })
  afterAll(async () => await btrfs?.remove())
  declare('a subvolume', {}, async () => btrfs.folder)
  declare('a subvolume with a limit', { size: '8m' }, async () => btrfs.folder)
})

function declare(what: string, options: Options, folder: () => Promise<string>): void {
  describe(`somebody's directory that is in the way of ${what}`, () => {
    let base: string
    let root: string
    let store: MetadataStore
    let engine: VolumeEngine

    beforeEach(async () => {
      base = await realpath(await mkdtemp(join(await folder(), 'pouch-foreign-')))
      root = join(base, 'volume')
      store = memoryStore()
      engine = await opened()
    })

    afterEach(async () => {
      await engine.close()
      await sweep(base)
    })

    const opened = async (definition: DriverDefinition = local()) =>
      await createVolumeEngine({ home: base, store, drivers: [definition, other()], defaultDriver: 'local' })

    /** A process that dies at a call of the driver, whose store has what was durable then; another one comes after it. */
    async function crashed(at: HangsAt, operation: (engine: VolumeEngine) => Promise<unknown>): Promise<void> {
      await engine.close()
      const hanging = hangingAt(local(), at)
      const dying = await opened(hanging.definition)
      const running = operation(dying).catch(() => undefined)
      const missed = running.then(() => Promise.reject(new Error(`it did not come to ${at.call}`)))
      await Promise.race([hanging.reached, missed])
      store = await copyOf(store)
      hanging.letGo()
      await missed.catch(() => undefined)
      await dying.close()
    }

    /** @returns asserts that it is there as it was */
    const inTheWay = async (path = join(root, 'new'), name = '_data/precious') => {
      await mkdir(dirname(join(path, name)), { recursive: true })
      await writeFile(join(path, name), 'somebody’s')
      execFileSync('chmod', ['-R', 'u=rwX,go=X', path])
      const before = listing(path)
      return async () => {
        expect(listing(path)).toBe(before)
        expect(await readFile(join(path, name), 'utf8')).toBe('somebody’s')
      }
    }

    const source = async (driver = 'local') => {
      await engine.volumes.create({ name: 'vol', driver, ...(driver === 'local' ? { options } : {}) })
      const { id, path = '' } = await engine.volumes.attach('vol', { holder: 'test' })
      await writeFile(join(path, 'file'), 'one')
      await engine.volumes.detach('vol', id)
    }
    const content = async (name: string) => {
      const { id, path = '' } = await engine.volumes.attach(name, { holder: 'test' })
      try {
        return await readFile(join(path, 'file'), 'utf8')
      } finally {
        await engine.volumes.detach(name, id)
      }
    }
    const names = async () => (await engine.volumes.list()).volumes.map(({ name }) => name)
    /** Nothing is left of what was begun, beside what is in the way. */
    const nothingElse = async (...expected: string[]) => {
      await engine.close()
      expect((await readdir(root)).filter((name) => !name.startsWith('.')).sort()).toEqual(expected)
      expect(await readdir(join(root, '.new'))).toEqual([])
      engine = await opened()
    }

    const clone = ({ volumes }: VolumeEngine) => volumes.create({ name: 'new', from: { volume: 'vol' } })
    const load = ({ volumes }: VolumeEngine) => volumes.import({ name: 'new', options }, emptyArchive())
    const rename = ({ volumes }: VolumeEngine) => volumes.rename('vol', 'new')
    const refusal = { code: 'already-exists', message: expect.stringMatching(/move it away, or take another name/) }

    it.each([
      ['clone', clone],
      ['rename', rename],
    ])('is left alone by a %s, which says where it is', async (_, operation) => {
      await source()
      const isThere = await inTheWay()
      await expect(operation(engine)).rejects.toMatchObject({ ...refusal, details: { directory: join(root, 'new') } })
      await isThere()
      expect(await names()).toEqual(['vol'])
      expect(await content('vol')).toBe('one')
      await nothingElse('new', 'vol')
      await isThere()
    })

    it('is left alone by an import, also when it is a file', async () => {
      const isThere = await inTheWay()
      await expect(load(engine)).rejects.toMatchObject(refusal)
      await isThere()
      await rm(join(root, 'new'), { recursive: true })
      await writeFile(join(root, 'new'), 'a file')
      await expect(load(engine)).rejects.toMatchObject(refusal)
      expect(await readFile(join(root, 'new'), 'utf8')).toBe('a file')
      expect(await names()).toEqual([])
      await nothingElse('new')
    })

    it('is left alone by a migration, and the volume stays where it is', async () => {
      await source('other')
      const isThere = await inTheWay(join(root, 'vol'))
      await expect(engine.volumes.migrate('vol', { driver: 'local', options })).rejects.toMatchObject(refusal)
      await isThere()
      expect(await engine.volumes.get('vol')).toMatchObject({ driver: 'other', status: undefined })
      expect(await content('vol')).toBe('one')
      await nothingElse('vol')
      await isThere()
    })

    it.each<[string, HangsAt, typeof clone]>([
      ['a clone that has not begun', { call: 'cloning.clone', isDone: false }, clone],
      ['a clone', { call: 'cloning.clone', isDone: true }, clone],
      ['an import', { call: 'create', isDone: true }, load],
      ['a volume that is whole and has not its name', { call: 'renaming.rename', isDone: false }, clone],
    ])('is left alone by the recovery from a crash in the middle of %s', async (_, at, operation) => {
      await source()
      const isThere = await inTheWay()
      await crashed(at, operation)
      engine = await opened()
      await isThere()
      expect(await names()).toEqual(['vol'])
      await nothingElse('new', 'vol')
      await isThere()
    })

    it('that comes after a crash is left alone by the recovery', async () => {
      await source()
      await crashed({ call: 'cloning.clone', isDone: true }, clone)
      const isThere = await inTheWay()
      engine = await opened()
      await isThere()
      expect(await names()).toEqual(['vol'])
      await nothingElse('new', 'vol')
    })

    it.each<[string, HangsAt]>([
      ['while it is filled', { call: 'create', isDone: true }],
      ['while it gets its name', { call: 'renaming.rename', isDone: false }],
    ])('is left alone by the recovery from a crash of a migration, %s', async (_, at) => {
      await source('other')
      const isThere = await inTheWay(join(root, 'vol'))
      await crashed(at, ({ volumes }) => volumes.migrate('vol', { driver: 'local', options }))
      engine = await opened()
      await isThere()
      expect(await engine.volumes.get('vol')).toMatchObject({ driver: 'other', status: undefined })
      expect(await content('vol')).toBe('one')
      await nothingElse('vol')
    })

    it('is left alone by the recovery from a crash of a rename', async () => {
      await source()
      const isThere = await inTheWay()
      await crashed({ call: 'renaming.rename', isDone: false }, rename)
      engine = await opened()
      await isThere()
      expect(await names()).toEqual(['vol'])
      expect(await content('vol')).toBe('one')
    })

    it('is left alone by a snapshot, and by the recovery from a crash of one', async () => {
      await source()
      const isThere = await inTheWay(join(root, 'vol/_snapshots/snap'), 'precious')
      await expect(engine.volumes.createSnapshot('vol', { name: 'snap' })).rejects.toMatchObject(refusal)
      await isThere()
      await crashed({ call: 'snapshots.create', isDone: false }, ({ volumes }) =>
        volumes.createSnapshot('vol', { name: 'snap' }),
      )
      engine = await opened()
      await isThere()
      expect(await engine.volumes.snapshots('vol')).toEqual([])
      expect(await content('vol')).toBe('one')
    })

    it('is left alone by a create that fails, is aborted, or cannot be had, and by the removal of what is left of that', async () => {
      const isThere = await inTheWay()
      const request = { name: 'new', options: { size: '8m', quota: 'loop' } }
      const gone = new AbortController()
      const create = store.create.bind(store)
      vi.spyOn(store, 'create').mockImplementationOnce(async (...args) => {
        const revision = await create(...args)
        gone.abort()
        return revision
      })
      await expect(engine.volumes.create({ name: 'new' }, { signal: gone.signal })).rejects.toMatchObject({
        code: 'aborted',
      })
      await expect(engine.volumes.create(request)).rejects.toMatchObject(refusal)
      const none = { name: 'new', options: { size: '8m', quota: 'project' } }
      await expect(engine.volumes.create(none)).rejects.toMatchObject({ code: 'unsupported' })
      await isThere()
      await crashed({ call: 'create', isDone: false }, ({ volumes }) => volumes.create(request))
      engine = await opened()
      await engine.volumes.remove('new')
      await isThere()
      expect(await names()).toEqual([])
    })
  })
}

describe('the data that waits for the end of a restore', () => {
  it('is left alone when no restore has put it there, and never becomes the volume', async () => {
    const base = await realpath(await mkdtemp(join(tmpdir(), 'pouch-foreign-')))
    const opened = async (store: MetadataStore) => await createVolumeEngine({ home: base, store, drivers: [local()] })
    const store = memoryStore()
    try {
      const engine = await opened(store)
      await engine.volumes.create({ name: 'vol' })
      await engine.volumes.createSnapshot('vol', { name: 'snap' })
      await writeFile(join(base, 'volume/vol/_data/file'), 'two')
      await mkdir(join(base, 'volume/vol/_next'))
      await writeFile(join(base, 'volume/vol/_next/precious'), 'somebody’s')
      await expect(engine.volumes.restoreSnapshot('vol', 'snap')).rejects.toMatchObject({ code: 'already-exists' })
      await engine.close()
      await (await opened(store)).close()
      expect(await readFile(join(base, 'volume/vol/_next/precious'), 'utf8')).toBe('somebody’s')
      expect(await readFile(join(base, 'volume/vol/_data/file'), 'utf8')).toBe('two')
    } finally {
      await rm(base, { recursive: true, force: true })
    }
  })
})

function other(): DriverDefinition {
  return memoryDriver({
    name: 'other',
    facets: facetNames.filter((facet) => facet !== 'mounts' && facet !== 'inventory'),
  })
}

/** Names, modes, owners, sizes and times of all that is below a path. */
function listing(path: string): string {
  return execFileSync('find', [path, '-printf', '%p %y %m %u %s %T@ %i\n'], { encoding: 'utf8' })
}

async function copyOf(store: MetadataStore): Promise<MetadataStore> {
  const copy = memoryStore()
  for await (const { key, value } of store.list('')) await copy.create(key, value)
  return copy
}

async function* emptyArchive(): AsyncIterable<Uint8Array> {
  yield new Uint8Array(1024)
}

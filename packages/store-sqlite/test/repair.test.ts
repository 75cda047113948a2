import assert from 'node:assert/strict'
import { copyFile, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '@pouch/errors'
import { describe, it } from 'vitest'
import { checkStoreFile, type RepairReport, repairStoreFile, restoreStoreFile, sqliteStore } from '../src/index.js'
import {
  cut,
  junkPage,
  makeCrashedStore,
  makeStore,
  overwrite,
  pageBytes,
  pagesOf,
  storedValue,
} from './damaged-store.js'
import { useFolders } from './folders.js'

const entries = 400

interface Shape {
  readonly name: string
  damage(path: string): Promise<void>
  /** What is expected to be saved of the entries, at least. */
  readonly atLeast: number
  readonly areAllNamed?: boolean
}

/** The pages 2 and 3 are the roots of the table and its index; the others are their leaves, in the order in which they grew. */
const shapes: readonly Shape[] = [
  { name: 'a file that is cut in half', damage: (path) => cut(path, 0.5), atLeast: 100 },
  { name: 'a file that is cut within a page', damage: (path) => cut(path, 0.9), atLeast: 250 },
  { name: 'a header that is junk', damage: (path) => overwrite(path, 0, Buffer.alloc(100, 0xff)), atLeast: entries },
  { name: 'a first page that is junk', damage: (path) => junkPage(path, 1), atLeast: entries },
  { name: 'a first page of zeros', damage: (path) => overwrite(path, 0, Buffer.alloc(pageBytes)), atLeast: entries },
  {
    name: 'a header that counts too many pages',
    damage: (path) => overwrite(path, 28, Uint8Array.of(0, 1, 0, 0)),
    atLeast: entries,
  },
  {
    name: 'a page of the middle that is junk',
    damage: async (path) => junkPage(path, (await pagesOf(path)) >> 1),
    atLeast: 350,
  },
  { name: 'a last page that is junk', damage: async (path) => junkPage(path, await pagesOf(path)), atLeast: 350 },
  {
    name: 'every third page junk, the header and the roots whole',
    damage: async (path) => {
      for (let page = 6; page <= (await pagesOf(path)); page += 3) await junkPage(path, page)
    },
    atLeast: 150,
  },
  { name: 'an index whose root is junk', damage: (path) => junkPage(path, 3), atLeast: entries, areAllNamed: false },
  { name: 'a table whose root is junk', damage: (path) => junkPage(path, 2), atLeast: 0 },
]

describe('a damaged file', () => {
  const { makeFolder, keep } = useFolders()

  it.each(shapes)('$name: it is refused, looked at, repaired, and what is lost has a name', async (shape) => {
    const folder = await makeFolder()
    const path = await makeStore(folder, entries)
    await shape.damage(path)
    const damaged = await readFile(path)
    await assert.rejects(sqliteStore({ path }), (error) => {
      assert(hasCode(error, 'corrupt'), String(error))
      return error.message.includes(path) && /--restore.*--repair/.test(error.message)
    })
    assert.deepEqual(await readFile(path), damaged, 'a refusal changes nothing')
    const check = await checkStoreFile({ path })
    assert.equal(check.ok, false)
    assert(check.problems.length > 0)
    assert.deepEqual(await readdir(folder), ['state.db'])

    const report = await repairStoreFile({ path })
    assert(report.saved >= shape.atLeast, `${report.saved} of ${entries} were saved`)
    assert.deepEqual([report.saved, report.lostKeys], [check.entries, check.lostKeys])
    assert.equal(report.areAllNamed, shape.areAllNamed ?? report.areAllNamed)
    if (report.areAllNamed) assert.equal(report.saved + report.lostKeys.length, entries)
    assert.deepEqual(await readFile(report.asidePath ?? ''), damaged)
    await expectSaved(path, report)
    const [, aside = ''] = (await readdir(folder)).sort()
    assert.equal(join(folder, aside), report.asidePath)
    assert.equal((await readdir(folder)).length, 2)
  })

  async function expectSaved(path: string, { saved, lostKeys }: RepairReport): Promise<void> {
    const store = keep(await sqliteStore({ path }))
    const lost = new Set(lostKeys)
    let count = 0
    for await (const { key, value } of store.list('k/')) {
      count += 1
      assert.deepEqual(value, storedValue(Number(key.slice(2))))
      assert(!lost.has(key), `${key} is there`)
    }
    assert.equal(count, saved)
    assert.equal((await store.check()).ok, true)
    await store.create('after', 1)
    await store.close()
  }

  it.each([
    { name: 'cut in half', damage: (path: string) => cut(path, 0.5) },
    { name: 'cut within its second page', damage: (path: string) => truncate(path, pageBytes + 100) },
    { name: 'cut within its first page', damage: (path: string) => truncate(path, 100) },
    { name: 'that is empty', damage: (path: string) => truncate(path, 0) },
    {
      name: 'whose second half is zeros',
      damage: async (path: string) => {
        const { size } = await stat(path)
        await truncate(path, size >> 1)
        await truncate(path, size)
      },
    },
  ])('a small file $name is looked at and repaired, and what it lost is not passed over', async ({ damage }) => {
    const few = 14
    const path = await makeStore(await makeFolder(), few)
    assert.equal(await pagesOf(path), 5)
    await damage(path)
    const check = await checkStoreFile({ path })
    assert.equal(check.ok, false)
    const report = await repairStoreFile({ path })
    assert.deepEqual([report.saved, report.lostKeys], [check.entries, check.lostKeys])
    assert(report.saved < few)
    assert(!report.areAllNamed || report.saved + report.lostKeys.length === few, JSON.stringify(report))
    await expectSaved(path, report)
  })

  it('an empty file, and a log whose file is gone, are refused: neither is a new store', async () => {
    const folder = await makeFolder()
    const path = await makeCrashedStore(folder, 20, 5)
    await truncate(path, 0)
    await assert.rejects(sqliteStore({ path }), (error) => hasCode(error, 'corrupt') && /is empty/.test(error.message))
    await rm(path)
    await assert.rejects(
      sqliteStore({ path }),
      (error) => hasCode(error, 'corrupt') && /only its log/.test(error.message),
    )
    assert.equal((await checkStoreFile({ path })).ok, false)
    // The log has the pages that the last five entries are on.
    const { saved } = await repairStoreFile({ path })
    assert(saved >= 5, `${saved} saved`)
    await keep(await sqliteStore({ path })).close()
  })

  it.each([
    { name: 'cut in half', damage: (log: string) => cut(log, 0.5), least: 1 },
    { name: 'cut within its last frame', damage: (log: string) => cut(log, 0.999), least: 28 },
    {
      name: 'with junk in the middle',
      damage: async (log: string) => overwrite(log, (await stat(log)).size >> 1, Buffer.alloc(64, 7)),
      least: 1,
    },
    { name: 'with a header that is junk', damage: (log: string) => overwrite(log, 0, Buffer.alloc(32, 7)), least: 0 },
    { name: 'of which nothing is left', damage: (log: string) => truncate(log, 0), least: 0 },
  ])('a log $name opens at the last good state', async ({ damage, least }) => {
    const path = await makeCrashedStore(await makeFolder(), 50, 30)
    await damage(`${path}-wal`)
    const store = keep(await sqliteStore({ path }))
    const found: number[] = []
    for await (const { key, value } of store.list('k/')) {
      assert.deepEqual(value, storedValue(Number(key.slice(2))))
      found.push(Number(key.slice(2)))
    }
    const sorted = found.sort((a, b) => a - b)
    assert.deepEqual(
      sorted,
      sorted.map((_, index) => index),
      'what is there is a beginning of what was written',
    )
    assert(sorted.length >= 50 + least && sorted.length < 80, `${sorted.length} entries`)
    assert.equal((await store.check()).ok, true)
  })

  it('what is in the log alone is saved too, and the log goes aside with its file', async () => {
    const path = await makeCrashedStore(await makeFolder(), 200, 20)
    await junkPage(path, 7)
    const { saved, lostKeys, asidePath = '' } = await repairStoreFile({ path })
    assert.equal(saved + lostKeys.length, 220)
    for (let index = 200; index < 220; index += 1) assert(!lostKeys.includes(`k/${index}`))
    assert((await stat(`${asidePath}-wal`)).size > 0)
    const store = keep(await sqliteStore({ path }))
    assert.deepEqual((await store.get('k/219'))?.value, storedValue(219))
  })

  it('a file with nothing wrong is left as it is', async () => {
    const folder = await makeFolder()
    const path = await makeCrashedStore(folder, 10, 2)
    const before = await Promise.all([readFile(path), readFile(`${path}-wal`)])
    assert.deepEqual((await checkStoreFile({ path })).problems, [])
    const report = await repairStoreFile({ path })
    assert.deepEqual(report, {
      problems: [],
      saved: 0,
      damagedKeys: [],
      lostKeys: [],
      areAllNamed: true,
      asidePath: undefined,
    })
    assert.deepEqual(await Promise.all([readFile(path), readFile(`${path}-wal`)]), before)
  })

  it('a check gives each entry, and names what is damaged within', async () => {
    const folder = await makeFolder()
    const path = await makeStore(folder, 5)
    const at = (await readFile(path)).indexOf('{"revision"')
    await overwrite(path, at, Buffer.from('{"REVISION"'))
    const seen: string[] = []
    const report = await checkStoreFile({ path, onEntry: ({ key }) => seen.push(key) })
    assert.equal(report.ok, false)
    assert.equal(report.damagedKeys.length, 1)
    assert.deepEqual([...seen, ...report.damagedKeys].sort(), ['k/0', 'k/1', 'k/2', 'k/3', 'k/4'])
  })

  it('is touched by nobody while a process has it, and is not-found where there is none', async () => {
    const folder = await makeFolder()
    const path = join(folder, 'state.db')
    await assert.rejects(checkStoreFile({ path }), (error) => hasCode(error, 'not-found'))
    await assert.rejects(repairStoreFile({ path }), (error) => hasCode(error, 'not-found'))
    assert.deepEqual(await readdir(folder), [])
    const store = keep(await sqliteStore({ path }))
    const backup = await store.backup()
    for (const attempt of [
      () => checkStoreFile({ path }),
      () => repairStoreFile({ path }),
      () => restoreStoreFile({ path, from: backup }),
    ]) {
      await assert.rejects(attempt, (error) => hasCode(error, 'in-use') && error.details.pid === process.pid)
    }
  })

  it('of a newer layout is refused', async () => {
    const path = await makeStore(await makeFolder(), 1)
    await overwrite(path, 60, Uint8Array.of(0, 0, 0, 9))
    for (const attempt of [() => checkStoreFile({ path }), () => repairStoreFile({ path })]) {
      await assert.rejects(attempt, (error) => hasCode(error, 'unsupported') && error.details.version === 9)
    }
  })
})

describe('a backup', () => {
  const { makeFolder, keep } = useFolders()

  it('takes the place of a damaged store, whose log it never meets', async () => {
    const folder = await makeFolder()
    const path = await makeCrashedStore(folder, 20, 20)
    const store = keep(await sqliteStore({ path: join(folder, 'running.db') }))
    const backup = await store.backup(join(folder, 'backup.db'))
    await store.close()
    await junkPage(path, 1)
    const { asidePath = '' } = await restoreStoreFile({ path, from: backup })
    assert((await stat(`${asidePath}-wal`)).size > 0)
    assert.deepEqual((await readdir(folder)).filter((name) => name.startsWith('state.db')).length, 3)
    const restored = keep(await sqliteStore({ path }))
    assert.equal((await restored.check()).entries, 40)
    assert.equal(((await stat(path)).mode & 0o777).toString(8), '600')
    await restored.close()
    assert.deepEqual(await restoreStoreFile({ path: join(folder, 'new.db'), from: backup }), { asidePath: undefined })
  })

  it('that is damaged, empty, none or not there changes nothing', async () => {
    const folder = await makeFolder()
    const path = await makeStore(folder, 50)
    const from = join(folder, 'backup.db')
    const attempt = async (code: 'corrupt' | 'not-found') => {
      await assert.rejects(restoreStoreFile({ path, from }), (error) => hasCode(error, code))
      await keep(await sqliteStore({ path })).close()
    }
    await attempt('not-found')
    await writeFile(from, '')
    await attempt('corrupt')
    await writeFile(from, 'this is a text file\n'.repeat(500))
    await attempt('corrupt')
    await copyFile(path, from)
    await junkPage(from, 5)
    await attempt('corrupt')
    assert.deepEqual((await readdir(folder)).sort(), ['backup.db', 'state.db'])
  })

  // Each is what a process leaves that dies between two steps of the replacement.
  it.each(['nothing', 'the file', 'the log'])(
    'is put in place by who opens next, when a crash came after %s was moved',
    async (moved) => {
      const folder = await makeFolder()
      const path = await makeCrashedStore(folder, 10, 10)
      const backup = await makeStore(folder, 3, 'backup.db')
      const at = new Date('2026-01-02T03:04:05.678Z')
      await rename(backup, `${path}.next`)
      await utimes(`${path}.next`, at, at)
      const aside = `${path}.replaced-2026-01-02T03-04-05.678Z`
      if (moved !== 'nothing') await rename(path, aside)
      if (moved === 'the log') await rename(`${path}-wal`, `${aside}-wal`)
      const store = keep(await sqliteStore({ path }))
      assert.equal((await store.check()).entries, 3)
      await store.close()
      const whole = keep(await sqliteStore({ path: aside }))
      assert.equal((await whole.check()).entries, 20)
    },
  )
})

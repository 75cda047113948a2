import assert from 'node:assert/strict'
import { chmod, cp, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { KeyvSqlite } from '@keyv/sqlite'
import { hasCode } from '@pouch/errors'
import { defineRecord, upgradeStore } from '@pouch/store'
import Keyv from 'keyv'
import { describe, it } from 'vitest'
import { sqliteStore } from '../src/index.js'
import { keyvConnect } from '../src/keyv-connection.js'
import { openSqliteStore } from '../src/sqlite-store.js'
import { useFolders } from './folders.js'

const permissions = async (path: string) => (await stat(path)).mode & 0o777

describe('files', () => {
  const { makeFolder, keep } = useFolders()

  it('the file and its log are for the owner alone, also a file that was not', async () => {
    const path = join(await makeFolder(), 'state.db')
    const store = keep(await sqliteStore({ path }))
    await store.create('a', 1)
    assert.equal(await permissions(path), 0o600)
    assert.equal(await permissions(`${path}-wal`), 0o600)
    await store.close()
    await chmod(path, 0o644)
    keep(await sqliteStore({ path }))
    assert.equal(await permissions(path), 0o600)
  })

  it('a directory that is not there is not-found, a directory in place of the file invalid-argument', async () => {
    const folder = await makeFolder()
    await assert.rejects(sqliteStore({ path: join(folder, 'none', 'state.db') }), (error) =>
      hasCode(error, 'not-found'),
    )
    await mkdir(join(folder, 'state.db'))
    await assert.rejects(sqliteStore({ path: join(folder, 'state.db') }), (error) => hasCode(error, 'invalid-argument'))
    assert.deepEqual(await readdir(folder), ['state.db'])
  })

  it('what is no path and no timeout is refused', async () => {
    for (const path of ['', ':memory:', 'a\0b', 1 as unknown as string]) {
      await assert.rejects(sqliteStore({ path }), (error) => hasCode(error, 'invalid-argument'))
    }
    const path = join(await makeFolder(), 'state.db')
    for (const busyTimeoutMs of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(sqliteStore({ path, busyTimeoutMs }), (error) => hasCode(error, 'invalid-argument'))
    }
  })

  it('a plain Keyv reads the values of a closed store', async () => {
    const path = join(await makeFolder(), 'state.db')
    const store = keep(await sqliteStore({ path }))
    await store.create('volume/a', { size: 1 })
    await store.close()
    const keyv = new Keyv({ store: new KeyvSqlite(`sqlite://${path}`), useKeyPrefix: false })
    assert.deepEqual(await keyv.get('volume/a'), { size: 1 })
    await keyv.disconnect()
  })

  it('a missing native part is unsupported, says what is missing, and leaves nothing', async () => {
    const folder = await makeFolder()
    const load = await copyWithoutBinding(join(folder, 'node_modules'))
    const path = join(folder, 'state.db')
    await assert.rejects(openSqliteStore({ path }, { connect: keyvConnect(load) }), (error) => {
      assert(hasCode(error, 'unsupported'), String(error))
      assert.equal(error.details.missing, 'sqlite3')
      assert.match(error.message, /compiler.*nodeSqliteStore/s)
      return true
    })
    assert(!(await readdir(folder)).includes('state.db.lock'))
  })

  /** @keyv/sqlite as it is installed where sqlite3's install script could not run. */
  async function copyWithoutBinding(modules: string): Promise<() => typeof import('@keyv/sqlite')> {
    const fromHere = createRequire(import.meta.url)
    const adapter = dirname(dirname(fromHere.resolve('@keyv/sqlite')))
    const fromAdapter = createRequire(fromHere.resolve('@keyv/sqlite'))
    const sqlite3 = dirname(fromAdapter.resolve('sqlite3/package.json'))
    const bindings = dirname(createRequire(join(sqlite3, 'package.json')).resolve('bindings'))
    const withoutBinding = (file: string) => !file.endsWith('.node')
    await cp(join(adapter, 'dist'), join(modules, '@keyv/sqlite/dist'), { recursive: true })
    await writeFile(join(modules, '@keyv/sqlite/package.json'), '{"type":"module"}')
    await cp(join(sqlite3, 'lib'), join(modules, 'sqlite3/lib'), { recursive: true, filter: withoutBinding })
    await cp(join(sqlite3, 'package.json'), join(modules, 'sqlite3/package.json'))
    await symlink(bindings, join(modules, 'bindings'))
    await symlink(dirname(dirname(fromHere.resolve('keyv'))), join(modules, 'keyv'))
    return () => fromHere(join(modules, '@keyv/sqlite/dist/index.cjs')) as typeof import('@keyv/sqlite')
  }
})

describe('backup', () => {
  const { makeFolder, keep } = useFolders()

  it('is a whole store of its own, lazy writes among it, while others write', async () => {
    const folder = await makeFolder()
    const store = keep(await sqliteStore({ path: join(folder, 'state.db') }))
    await Promise.all(Array.from({ length: 200 }, (_, index) => store.create(`k/${index}`, index)))
    await store.create('lazy', 1, { lazy: true })
    const writing = Array.from({ length: 50 }, (_, index) => store.create(`later/${index}`, index))
    const path = await store.backup(join(folder, 'copy.db'))
    await Promise.all(writing)
    assert.equal(path, join(folder, 'copy.db'))
    assert.equal(await permissions(path), 0o600)
    const copy = keep(await sqliteStore({ path }))
    assert.equal((await copy.get('k/199'))?.value, 199)
    assert.equal((await copy.get('lazy'))?.value, 1)
    assert.equal((await copy.get('k/0'))?.revision, (await store.get('k/0'))?.revision)
  })

  it('never overwrites, and leaves nothing when it fails', async () => {
    const folder = await makeFolder()
    const store = keep(await sqliteStore({ path: join(folder, 'state.db') }))
    await store.create('a', 1)
    const path = await store.backup()
    await assert.rejects(store.backup(path), (error) => hasCode(error, 'already-exists'))
    await assert.rejects(store.backup(join(folder, 'none', 'copy.db')), (error) => hasCode(error, 'not-found'))
    await store.close()
    await assert.rejects(store.backup(), (error) => hasCode(error, 'unavailable'))
    assert.deepEqual((await readdir(folder)).sort(), ['state.db', path.slice(folder.length + 1)])
  })

  it('is made before records are upgraded', async () => {
    const folder = await makeFolder()
    const old = defineRecord({ name: 'volume', prefix: 'volume/', version: 1, validate: (data) => data })
    const current = defineRecord({
      name: 'volume',
      prefix: 'volume/',
      version: 2,
      upgrades: { 1: (data) => ({ name: data }) },
      validate: (data) => data,
    })
    const store = keep(await sqliteStore({ path: join(folder, 'state.db') }))
    await store.create('volume/a', old.encode('a'))
    const { backupPath = '' } = await upgradeStore(store, [current])
    assert.deepEqual((await store.get('volume/a'))?.value, current.encode({ name: 'a' }))
    const before = keep(await sqliteStore({ path: backupPath }))
    assert.deepEqual((await before.get('volume/a'))?.value, old.encode('a'))
    await assert.rejects(upgradeStore(store, [old]), (error) => hasCode(error, 'unsupported'))
  })
})

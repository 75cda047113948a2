import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hasCode } from '@pouch/errors'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { checkStoreFile, repairStoreFile, sqliteStore } from '../../src/index.js'
import { junkPage, makeCrashedStore, makeStore } from '../damaged-store.js'

const run = promisify(execFile)

describe('a file system that is read-only', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pouch-store-'))
    await run('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'tmpfs', folder])
  })

  afterEach(async () => {
    await run('umount', [folder])
    await rmdir(folder)
  })

  const remount = (mode: 'ro' | 'rw') => run('mount', ['-o', `remount,${mode}`, folder])

  it('has no store to open, and its store can still be checked, its log too', async () => {
    const path = await makeCrashedStore(folder, 50, 10)
    await remount('ro')
    await assert.rejects(sqliteStore({ path }), (error) => {
      assert(hasCode(error, 'permission-denied'), String(error))
      assert.match(error.message, /EROFS.*can be written/)
      return true
    })
    const seen: string[] = []
    const report = await checkStoreFile({ path, onEntry: ({ key }) => seen.push(key) })
    assert.deepEqual([report.ok, report.entries, seen.length], [true, 60, 60])
    await remount('rw')
    const store = await sqliteStore({ path })
    await store.create('after', 1)
    await store.close()
  })

  it('is in the way of a repair, which changes nothing', async () => {
    const path = await makeStore(folder, 50)
    await junkPage(path, 1)
    await remount('ro')
    await assert.rejects(repairStoreFile({ path }), (error) => hasCode(error, 'permission-denied'))
    await remount('rw')
    assert((await repairStoreFile({ path })).saved > 0)
  })
})

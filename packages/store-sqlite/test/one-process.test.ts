import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '@pouch/errors'
import { describe, it } from 'vitest'
import { inUse } from '../src/file-lock.js'
import { sqliteStore } from '../src/index.js'
import { keyvConnect } from '../src/keyv-connection.js'
import { openSqliteStore } from '../src/sqlite-store.js'
import { killChild, nextMessage, runChild } from './children/run-child.js'
import { useFolders } from './folders.js'

describe('one process has the file at a time', () => {
  const { makeFolder, keep } = useFolders()

  it('a second store in the same process is in-use, and the first goes on', async () => {
    const path = join(await makeFolder(), 'state.db')
    const store = keep(await sqliteStore({ path }))
    await assert.rejects(
      sqliteStore({ path }),
      (error) => hasCode(error, 'in-use') && error.details.pid === process.pid,
    )
    await store.create('a', 1)
  })

  it('another process gets in-use with the pid of the owner, until that is killed', async () => {
    const folder = await makeFolder()
    const path = join(folder, 'state.db')
    const child = runChild('./holder.ts', [path], folder)
    try {
      await nextMessage(child)
      await assert.rejects(
        sqliteStore({ path }),
        (error) => hasCode(error, 'in-use') && error.details.pid === child.pid,
      )
    } finally {
      await killChild(child)
    }
    const store = keep(await sqliteStore({ path }))
    await store.create('a', 1)
  })

  it('the lock of a process that is gone may outlive it in a program that it was starting: it is waited for', async () => {
    const path = join(await makeFolder(), 'state.db')
    const owner = spawn('true')
    await once(owner, 'exit')
    await writeFile(`${path}.lock`, `${owner.pid}\n`)
    const heir = spawn('flock', [`${path}.lock`, 'sh', '-c', 'echo held; sleep 0.3'])
    await once(heir.stdout, 'data')
    const store = keep(await sqliteStore({ path }))
    await store.create('a', 1)
  })

  it('without flock SQLite itself keeps the second one out, which still learns the pid and harms nothing', async () => {
    const folder = await makeFolder()
    const path = join(folder, 'state.db')
    const child = runChild('./holder.ts', [path], folder)
    const withoutFlock = () =>
      openSqliteStore({ path, busyTimeoutMs: 50 }, { connect: keyvConnect(), loadFlock: () => undefined })
    try {
      await nextMessage(child)
      for (const _ of [1, 2]) {
        await assert.rejects(withoutFlock(), (error) => hasCode(error, 'in-use') && error.details.pid === child.pid)
      }
    } finally {
      await killChild(child)
    }
    keep(await withoutFlock())
    await assert.rejects(sqliteStore({ path, busyTimeoutMs: 50 }), (error) => hasCode(error, 'in-use'))
  })

  it('a second one is told why the owner is not named, when the lock cannot be read', async () => {
    const path = join(await makeFolder(), 'state.db')
    await mkdir(`${path}.lock`)
    const error = await inUse(path)
    assert(
      hasCode(error, 'in-use') && error.message.endsWith(`cannot be read from ${path}.lock (EISDIR)`),
      error.message,
    )
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'EISDIR')
    await rmdir(`${path}.lock`)
    assert.equal((await inUse(path)).cause, undefined)
  })

  it('the lock goes with close, and nothing but the file is left', async () => {
    const folder = await makeFolder()
    const path = join(folder, 'state.db')
    for (const _ of [1, 2, 3]) {
      const store = keep(await sqliteStore({ path }))
      await Promise.all([store.close(), store.close()])
      assert.deepEqual(await readdir(folder), ['state.db'])
    }
  })

  it('of many that open at once one wins', async () => {
    const path = join(await makeFolder(), 'state.db')
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => sqliteStore({ path })))
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [keep(outcome.value)] : []))
    assert.equal(winners.length, 1)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert(hasCode(outcome.reason, 'in-use'), String(outcome.reason))
    }
  })
})

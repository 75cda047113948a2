import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { fillDatabase, findProblems } from '../src/find-problems.js'
import { keyvConnect } from '../src/keyv-connection.js'
import { Salvage } from '../src/salvage.js'
import type { SqlConnect, SqlConnection } from '../src/sql-connection.js'
import { makeStore } from './damaged-store.js'
import { useFolders } from './folders.js'

const failure = (errno: number) => Object.assign(new Error(`SQLite failed with ${errno}`), { errno })
const [busy, noMemory, ioError, full, corrupt] = [5, 7, 10, 13, 11]

/** A real database, of which some calls fail. */
function spoilt(calls: (good: SqlConnection) => Partial<SqlConnection>): SqlConnect {
  return async (path, busyTimeoutMs) => {
    const good = await keyvConnect()(path, busyTimeoutMs)
    return { query: good.query, close: good.close, ...calls(good) }
  }
}

/** Fails at each query of rows, and at the check. */
const failing = (errno: number) =>
  spoilt((good) => ({
    query: async (sql, ...parameters) => {
      if (/^SELECT|integrity_check/.test(sql)) throw failure(errno)
      return await good.query(sql, ...parameters)
    },
  }))

describe('a machine that fails', () => {
  const { makeFolder } = useFolders()

  it.each([busy, noMemory, ioError, full])('with %i is no damage: nothing is given up for lost', async (errno) => {
    const path = await makeStore(await makeFolder(), 14)
    const connection = await failing(errno)(path, 100)
    const rows = new Salvage(connection).rows()
    await assert.rejects(rows.next(), { errno })
    await connection.close()
    await assert.rejects(findProblems(failing(errno), path), { errno })
  })

  it('is not taken for a file that is damaged, which is', async () => {
    const path = await makeStore(await makeFolder(), 14)
    const connection = await failing(corrupt)(path, 100)
    const salvage = new Salvage(connection)
    assert.equal((await salvage.rows().next()).done, true)
    assert.equal(salvage.areAllNamed, false)
    await connection.close()
    assert.deepEqual(await findProblems(failing(corrupt), path), ['SQLite failed with 11'])
  })

  it('when a new file is closed has not filled it', async () => {
    const path = join(await makeFolder(), 'new.db')
    const connect: SqlConnect = async () => ({
      query: async () => [],
      close: async () => Promise.reject(failure(ioError)),
    })
    await assert.rejects(
      fillDatabase(connect, path, async () => 'filled'),
      { errno: ioError },
    )
    await assert.rejects(
      fillDatabase(connect, path, async () => Promise.reject(failure(full))),
      { errno: full },
    )
  })
})

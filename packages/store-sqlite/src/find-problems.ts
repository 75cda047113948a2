import { PouchError } from '@pouch/errors'
import { sizeOfFile } from './database-file.js'
import { checkLayout } from './open-connection.js'
import type { SqlConnect, SqlConnection } from './sql-connection.js'
import { isDamage } from './sqlite-error.js'

/**
 * What SQLite finds wrong with a database, a line each; none when it is whole.
 *
 * @param path a copy: SQLite folds the log into it
 * @throws PouchError `unsupported` when a newer version has written it, or SQLite cannot be loaded; what the library throws that is no damage
 */
export async function findProblems(connect: SqlConnect, path: string): Promise<readonly string[]> {
  const bytes = await sizeOfFile(path)
  if (bytes === undefined) return ['the file is gone, and only its log is left']
  if (bytes === 0) return ['the file is empty']
  try {
    return await withDatabase(connect, path, async (connection) => {
      await checkLayout(connection, path)
      const findings = await connection.query('PRAGMA integrity_check')
      return findings.map((row) => String(row.integrity_check)).filter((line) => line !== 'ok')
    })
  } catch (error) {
    if (error instanceof PouchError || !isDamage(error)) throw error
    return [error instanceof Error ? error.message : String(error)]
  }
}

/**
 * Runs a task on a copy of a database, which nobody else knows. What a damaged file makes of the close is of no account.
 *
 * @throws whatever the SQLite library throws
 */
export async function withDatabase<T>(
  connect: SqlConnect,
  path: string,
  task: (connection: SqlConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect(path, 1000)
  try {
    return await alone(connection, task)
  } finally {
    await connection.close().catch(() => undefined)
  }
}

/** Fills a database that nobody else knows: closing it brings what was written into the file. @throws whatever the SQLite library throws */
export async function fillDatabase<T>(
  connect: SqlConnect,
  path: string,
  task: (connection: SqlConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect(path, 1000)
  let filled: T
  try {
    filled = await alone(connection, task)
  } catch (error) {
    // The file is thrown away.
    await connection.close().catch(() => undefined)
    throw error
  }
  await connection.close()
  return filled
}

async function alone<T>(connection: SqlConnection, task: (connection: SqlConnection) => Promise<T>): Promise<T> {
  // Then the log needs no shared memory beside it.
  await connection.query('PRAGMA locking_mode=EXCLUSIVE')
  return await task(connection)
}

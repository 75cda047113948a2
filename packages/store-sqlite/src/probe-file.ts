import { createRequire } from 'node:module'

/** The part of the package sqlite3 that is used. */
interface Sqlite3 {
  readonly Database: new (path: string, mode: number, done: (error: Error | null) => void) => Database
  readonly OPEN_READWRITE: number
}

interface Database {
  configure(option: 'busyTimeout', ms: number): void
  all(sql: string, done: (error: Error | null) => void): void
  close(done: (error: Error | null) => void): void
}

/**
 * Opens a file that exists once, reads its first page, and closes it, whatever comes of that.
 *
 * The adapter keeps the connection to a file that it cannot read open until the garbage collector takes it. SQLite then removes the
 * log by its name, which may be that of the file that has been put in the place of the damaged one meanwhile.
 *
 * @throws what the package sqlite3 throws
 */
export async function probeFile(path: string, busyTimeoutMs: number): Promise<void> {
  const sqlite3 = requireSqlite3()
  const database = await new Promise<Database>((resolve, reject) => {
    const opened = new sqlite3.Database(path, sqlite3.OPEN_READWRITE, (error) =>
      error === null ? resolve(opened) : reject(error),
    )
  })
  database.configure('busyTimeout', busyTimeoutMs)
  try {
    await promised((done) => database.all('SELECT name FROM sqlite_schema', done))
  } finally {
    await promised((done) => database.close(done))
  }
}

function promised(call: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => call((error) => (error === null ? resolve() : reject(error))))
}

/** The very one that the adapter uses. Not import(), as with the adapter. */
function requireSqlite3(): Sqlite3 {
  const adapter = createRequire(import.meta.url).resolve('@keyv/sqlite')
  return createRequire(adapter)('sqlite3') as Sqlite3
}

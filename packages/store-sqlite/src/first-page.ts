import { type FileHandle, open, readFile } from 'node:fs/promises'
import { makeEmptyFile } from './database-file.js'
import { makeLayout } from './open-connection.js'
import type { SqlConnect } from './sql-connection.js'

const pageBytes = 4096
/** The header and schema, the table and its index: SQLite opens no store with fewer pages. */
const leastPages = 3
const magic = 'SQLite format 3\0'

// Where the header has what: see "The Database Header" of SQLite's file format.
const pageSizeAt = 16
const readVersionAt = 18
const changeCountAt = 24
const pageCountAt = 28
const versionValidForAt = 92

/**
 * Makes a damaged file one that SQLite opens: its header says how many pages there are, and a first page that is none is replaced by
 * that of a new store. Every store has the same: its only table and its only index begin in the pages 2 and 3, which are zeros where the
 * file ends before them.
 *
 * @param path a copy
 */
export async function mendFirstPage(connect: SqlConnect, path: string): Promise<void> {
  const file = await open(path, 'a+').then(async (made) => {
    await made.close()
    return open(path, 'r+')
  })
  try {
    const page = (await intactPage(file)) ?? (await pageOfNewStore(connect, `${path}.first`))
    const { size } = await file.stat()
    const pages = Math.max(leastPages, Math.floor(size / pageBytes))
    if (size < pages * pageBytes) await file.truncate(pages * pageBytes)
    page.writeUInt32BE(pages, pageCountAt)
    page.copy(page, versionValidForAt, changeCountAt, changeCountAt + 4)
    await file.write(page, 0, pageBytes, 0)
  } finally {
    await file.close()
  }
}

async function intactPage(file: FileHandle): Promise<Buffer | undefined> {
  const page = Buffer.alloc(pageBytes)
  const { bytesRead } = await file.read(page, 0, pageBytes, 0)
  const isHeader = page.toString('latin1', 0, magic.length) === magic && page.readUInt16BE(pageSizeAt) === pageBytes
  return bytesRead === pageBytes && isHeader && page.includes('CREATE TABLE keyv') ? page : undefined
}

async function pageOfNewStore(connect: SqlConnect, path: string): Promise<Buffer> {
  await makeEmptyFile(path)
  await makeLayout(connect, path)
  const page = (await readFile(path)).subarray(0, pageBytes)
  // With a write-ahead log, as the store's own.
  page.fill(2, readVersionAt, readVersionAt + 2)
  return page
}

import { copyFile, open, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { sqliteStore } from '../src/index.js'

export const pageBytes = 4096

/** What the store of these tests has under a key. */
export const storedValue = (index: number): { readonly index: number; readonly text: string } => ({
  index,
  text: `${index} `.repeat(100).slice(0, 300),
})

/** Makes a store with `k/0`, `k/1`, … and closes it, so that all is in the one file. */
export async function makeStore(folder: string, entries: number, name = 'state.db'): Promise<string> {
  const path = join(folder, name)
  const store = await sqliteStore({ path })
  await Promise.all(Array.from({ length: entries }, (_, index) => store.create(`k/${index}`, storedValue(index))))
  await store.close()
  return path
}

/** Makes a store of which the last `inLog` entries are in the log alone, as a crash would leave it. */
export async function makeCrashedStore(folder: string, inFile: number, inLog: number): Promise<string> {
  const running = await makeStore(folder, inFile, 'running.db')
  const store = await sqliteStore({ path: running })
  for (let index = inFile; index < inFile + inLog; index += 1) await store.create(`k/${index}`, storedValue(index))
  const path = join(folder, 'state.db')
  await copyFile(running, path)
  await copyFile(`${running}-wal`, `${path}-wal`)
  await store.close()
  return path
}

/** Overwrites part of a file. */
export async function overwrite(path: string, at: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.write(bytes, 0, bytes.byteLength, at)
  } finally {
    await file.close()
  }
}

/** Fills a page of a database, counted from 1 as SQLite does, with the like of nothing. */
export async function junkPage(path: string, page: number): Promise<void> {
  await overwrite(path, (page - 1) * pageBytes, Buffer.alloc(pageBytes, 0xa5))
}

/** Cuts a file to a part of its size. */
export async function cut(path: string, part: number): Promise<void> {
  await truncate(path, Math.floor((await stat(path)).size * part))
}

/** How many pages a file has. */
export async function pagesOf(path: string): Promise<number> {
  return (await stat(path)).size / pageBytes
}

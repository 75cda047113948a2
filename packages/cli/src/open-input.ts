import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PouchError } from '@pouch/errors'
import type { Io } from './io.js'

/** The bytes of a file, or of stdin for `-`, as they are read. @throws PouchError when the file cannot be opened */
export async function openInput(path: string, io: Io): Promise<AsyncIterable<Uint8Array>> {
  if (path === '-') return io.stdin as AsyncIterable<Uint8Array>
  const file = resolve(io.cwd, path)
  try {
    const handle = await open(file, 'r')
    return handle.createReadStream({ highWaterMark: 256 * 1024 }) as AsyncIterable<Uint8Array>
  } catch (error) {
    throw PouchError.from(error, { op: 'cli.open', subject: file, message: `cannot read ${path}` })
  }
}

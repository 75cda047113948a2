import { closeSync, constants, fstatSync, openSync, read } from 'node:fs'
import { promisify } from 'node:util'
import type { JsonLog } from './json-log.js'

const readAt = promisify(read)
const blockBytes = 64 * 1024
const newline = 0x0a

/** One file of a log, open for reading. */
export interface LogFile {
  readonly fd: number
  /** Bytes that may be read; grows while the log is written. */
  limitBytes: number
  readonly modifiedMs: number
}

/** The files of a log from the oldest to the current one, opened in one go. Close them with {@link closeLogFiles}. */
export function openLogFiles(path: string, maxFiles: number, live: JsonLog | undefined): LogFile[] {
  const older = Array.from({ length: maxFiles - 1 }, (_, index) => `${path}.${maxFiles - 1 - index}`)
  const files = [...older, path].flatMap((name) => openLogFile(name) ?? [])
  const current = files.at(-1)
  if (live !== undefined && current !== undefined)
    current.limitBytes = Math.min(current.limitBytes, live.end.lengthBytes)
  return files
}

/** @returns `undefined` when it is not there */
export function openLogFile(path: string): LogFile | undefined {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const { size, mtimeMs } = fstatSync(fd)
  return { fd, limitBytes: size, modifiedMs: mtimeMs }
}

export function closeLogFiles(files: readonly LogFile[]): void {
  for (const { fd } of files) closeSync(fd)
}

/** Where the last `count` lines begin, looking back from the end through as many files as it takes. */
export async function findTail(files: readonly LogFile[], count: number): Promise<{ index: number; offset: number }> {
  let missing = count
  for (let index = files.length - 1; index >= 0; index -= 1) {
    const file = files[index]
    if (file === undefined) continue
    const found = await lineFromEnd(file, missing)
    if (found.missing === 0) return { index, offset: found.offset }
    missing = found.missing
  }
  return { index: 0, offset: 0 }
}

/** The whole lines of a file between an offset and its limit. @returns where the next one begins */
export async function* linesOf(file: LogFile, from: number): AsyncGenerator<string, number, undefined> {
  let offset = from
  let rest: Buffer = Buffer.alloc(0)
  while (offset + rest.length < file.limitBytes) {
    const start = offset + rest.length
    const block = Buffer.allocUnsafe(Math.min(blockBytes * 4, file.limitBytes - start))
    const { bytesRead } = await readAt(file.fd, block, 0, block.length, start)
    if (bytesRead === 0) break
    const bytes = rest.length === 0 ? block.subarray(0, bytesRead) : Buffer.concat([rest, block.subarray(0, bytesRead)])
    const end = bytes.lastIndexOf(newline) + 1
    rest = bytes.subarray(end)
    if (end === 0) continue
    offset += end
    yield* bytes.toString('utf8', 0, end - 1).split('\n')
  }
  return offset
}

async function lineFromEnd(file: LogFile, count: number): Promise<{ missing: number; offset: number }> {
  if (count === 0) return { missing: 0, offset: file.limitBytes }
  const block = Buffer.allocUnsafe(blockBytes)
  // The last byte ends the last line: it is passed over.
  let end = file.limitBytes - 1
  let missing = count
  while (end > 0) {
    const start = Math.max(0, end - blockBytes)
    const { bytesRead } = await readAt(file.fd, block, 0, end - start, start)
    for (
      let at = block.subarray(0, bytesRead).lastIndexOf(newline);
      at >= 0;
      at = at === 0 ? -1 : block.lastIndexOf(newline, at - 1)
    ) {
      missing -= 1
      if (missing === 0) return { missing: 0, offset: start + at + 1 }
    }
    end = start
  }
  const isEmpty = file.limitBytes === 0
  missing -= isEmpty ? 0 : 1
  return { missing, offset: 0 }
}

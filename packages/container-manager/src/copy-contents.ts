import type { FileHandle } from 'node:fs/promises'
import { throwIfAborted } from '@pouch/errors'

const blockBytes = 256 * 1024
const pageBytes = 4096

/** Copies a file's bytes; pages of zeros become holes. */
export async function copyContents(
  from: FileHandle,
  to: FileHandle,
  size: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.max(pageBytes, Math.min(blockBytes, size)))
  const zeros = Buffer.alloc(pageBytes)
  let offset = 0
  for (;;) {
    throwIfAborted(signal, { op: 'container.create' })
    const { bytesRead } = await from.read(buffer, 0, buffer.length, offset)
    if (bytesRead === 0) break
    for (const { start, end } of dataRanges(buffer.subarray(0, bytesRead), zeros))
      await writeAll(to, buffer.subarray(start, end), offset + start)
    offset += bytesRead
  }
  await to.truncate(offset)
}

function* dataRanges(bytes: Buffer, zeros: Buffer): Generator<{ start: number; end: number }> {
  let start = 0
  for (let at = 0; at < bytes.length; at += pageBytes) {
    const page = bytes.subarray(at, Math.min(at + pageBytes, bytes.length))
    if (!page.equals(zeros.subarray(0, page.length))) continue
    if (at > start) yield { start, end: at }
    start = at + page.length
  }
  if (start < bytes.length) yield { start, end: bytes.length }
}

async function writeAll(to: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await to.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

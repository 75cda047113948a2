import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PouchError } from '@pouch/errors'

const mostWords = 2000

/** The path of the system's `zstd`, for a Node that has none of its own; `undefined` when there is none on the PATH. */
export function zstdProgram(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder))
  return folders.map((folder) => join(folder, 'zstd')).find(isExecutable)
}

/**
 * Passes a stream through the program, at the reader's pace. Leaving the loop ends the program.
 *
 * @throws PouchError `corrupt` when the program refuses what it reads; what the source throws
 */
export async function* throughZstd(
  program: string,
  direction: 'compress' | 'decompress',
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const args = direction === 'compress' ? ['-q', '-c'] : ['-q', '-d', '-c']
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const words: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => words.push(text.slice(0, mostWords)))
  const closed = once(child, 'close') as Promise<[code: number | null]>
  const fed = pipeline(Readable.from(source, { objectMode: true }), child.stdin).then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  // Both are looked at below, unless the reader leaves before.
  closed.catch(() => undefined)
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>
    const [[code], failure] = await Promise.all([closed, fed])
    if (failure !== undefined && !isBrokenPipe(failure.error)) throw failure.error
    if (code !== 0) throw refused(direction, words.join('').trim() || `it ended with ${code}`)
  } finally {
    child.kill()
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Whatever keeps it from being run: the next folder may have another.
    return false
  }
}

/** The program has ended before it read all: its exit code says why. */
function isBrokenPipe(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}

function refused(direction: 'compress' | 'decompress', why: string): PouchError {
  const message =
    direction === 'decompress'
      ? `the zstd data is damaged or ends early (${why}); get the archive again`
      : `zstd failed to compress (${why})`
  const code = direction === 'decompress' ? 'corrupt' : 'internal'
  return new PouchError(code, message, { op: `tree.${direction}`, subject: 'zstd' })
}

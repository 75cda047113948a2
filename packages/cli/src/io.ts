import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

/** What a command reads, writes and knows of its surroundings. */
export interface Io {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/** The program's own. Its input is opened by whoever reads it first: that takes a moment, and few commands do. */
export function processIo(): Io {
  const { stdout, stderr, env } = process
  return {
    get stdin() {
      return process.stdin
    },
    stdout,
    stderr,
    env,
    cwd: process.cwd(),
  }
}

/** Whether a stream is a terminal. */
export function isTerminal(stream: Readable | Writable): boolean {
  return (stream as { readonly isTTY?: boolean }).isTTY === true
}

/** Writes all of it, at the reader's pace. */
export async function write(stream: Writable, data: string | Uint8Array): Promise<void> {
  if (data.length > 0 && !stream.write(data)) await once(stream, 'drain')
}

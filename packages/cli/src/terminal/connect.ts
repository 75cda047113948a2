import { DetachScanner, parseDetachKeys } from '@pouch/api'
import type { AttachedStreams } from '@pouch/client'
import { hasCode } from '@pouch/errors'
import { reportFailure } from '../failure.js'
import { type Io, isTerminal, write } from '../io.js'
import { rawMode, type WindowSize, watchWindow, windowSize } from './window.js'

/** How our streams are connected to a process's. */
export interface Connecting {
  /** Whether our input goes to the process. */
  readonly stdin: boolean
  readonly detachKeys?: string | undefined
  /** Tells the process's terminal how large ours is. */
  resize(size: WindowSize): Promise<void>
}

/**
 * Connects our streams to a process's until its output ends, or the detach keys were typed on a terminal.
 *
 * @returns `detached` when the process goes on without us
 */
export async function connectStreams(
  streams: AttachedStreams,
  io: Io,
  connecting: Connecting,
): Promise<'ended' | 'detached'> {
  const usesTerminal = streams.tty && connecting.stdin && isTerminal(io.stdin)
  const restore = usesTerminal ? rawMode(io.stdin) : () => undefined
  const unwatch = streams.tty ? followWindow(io, connecting) : () => undefined
  try {
    const keys = usesTerminal ? new DetachScanner(parseDetachKeys(connecting.detachKeys)) : undefined
    const detached = connecting.stdin ? copyInput(streams, io, keys) : new Promise<'detached'>(() => undefined)
    const outcome = await Promise.race([copyOutput(streams, io), detached])
    if (outcome === 'detached') streams.close()
    return outcome
  } finally {
    unwatch()
    restore()
  }
}

async function copyOutput(streams: AttachedStreams, io: Io): Promise<'ended'> {
  for await (const { stream, data } of streams.output) await write(stream === 'stderr' ? io.stderr : io.stdout, data)
  return 'ended'
}

/** Copies input until it ends, which the process then sees. Settles only when the detach keys were typed, or on failure. */
async function copyInput({ stdin }: AttachedStreams, io: Io, keys: DetachScanner | undefined): Promise<'detached'> {
  for await (const chunk of io.stdin as AsyncIterable<Uint8Array>) {
    const { data, detached } = keys?.scan(chunk) ?? { data: chunk, detached: false }
    // A process that has ended reads no more; the end of its output is what tells.
    if (!stdin.writable) break
    if (data.byteLength > 0 && !stdin.write(data)) await drained(stdin)
    if (detached) return 'detached'
  }
  if (stdin.writable) stdin.end()
  return new Promise(() => undefined)
}

/** Waits until a stream takes more, or is gone. */
function drained(stream: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      stream.off('drain', settle)
      stream.off('close', settle)
      resolve()
    }
    stream.on('drain', settle)
    stream.on('close', settle)
  })
}

function followWindow(io: Io, { resize }: Connecting): () => void {
  const tell = (size: WindowSize) => {
    resize(size).catch((error: unknown) => {
      // It has ended in the meantime: nothing is left that could have a size.
      if (!hasCode(error, 'conflict') && !hasCode(error, 'not-found')) void reportFailure(error, io)
    })
  }
  const size = windowSize(io.stdout)
  if (size !== undefined) tell(size)
  return watchWindow(io.stdout, tell)
}

import { spawnSync } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

/** The size of a terminal, in characters. */
export interface WindowSize {
  readonly width: number
  readonly height: number
}

/** The size of the terminal that a stream is; `undefined` when it is none. */
export function windowSize(stream: Writable): WindowSize | undefined {
  const { columns, rows } = stream as { readonly columns?: number; readonly rows?: number }
  return columns === undefined || rows === undefined || columns === 0 || rows === 0
    ? undefined
    : { width: columns, height: rows }
}

/** Tells each new size of a terminal. @returns ends it */
export function watchWindow(stream: Writable, onResize: (size: WindowSize) => void): () => void {
  const listener = () => {
    const size = windowSize(stream)
    if (size !== undefined) onResize(size)
  }
  stream.on('resize', listener)
  return () => stream.off('resize', listener)
}

/** Makes a terminal pass every key on as it is, and show every byte as it is. @returns puts it back */
export function rawMode(stream: Readable): () => void {
  const terminal = stream as { readonly isTTY?: boolean; readonly isRaw?: boolean; setRawMode?(on: boolean): unknown }
  if (terminal.isTTY !== true || terminal.setRawMode === undefined || terminal.isRaw === true) return () => undefined
  terminal.setRawMode(true)
  // Node leaves one translation on, line ends of output, which the container's own terminal has made already. Without stty
  // there is a carriage return too many in each of them, which nobody sees.
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] })
  return () => void terminal.setRawMode?.(false)
}

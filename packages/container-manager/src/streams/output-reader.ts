import { PouchError } from '@pouch/errors'
import type { OutputChunk } from '../container.js'
import type { StreamName } from '../logs/log-codec.js'
import type { RawOutput } from './raw-output.js'

const chunkBytes = 128 * 1024

/**
 * One reader of a container's output: it keeps its own place in the raw files and reads at its own pace, so that a slow one costs
 * disk and no memory. One that falls too far behind is cut off.
 */
export class OutputReader {
  readonly #output: RawOutput
  readonly #streams: readonly StreamName[]
  readonly #positions: Map<StreamName, number>
  readonly #closing = new AbortController()
  #overrun = false

  /** @param positions where to begin in each file */
  constructor(output: RawOutput, streams: readonly StreamName[], positions: ReadonlyMap<StreamName, number>) {
    this.#output = output
    this.#streams = streams
    this.#positions = new Map(positions)
  }

  /** How far it has come; `undefined` for a stream that it does not read. */
  position(stream: StreamName): number | undefined {
    return this.#streams.includes(stream) ? (this.#positions.get(stream) ?? 0) : undefined
  }

  /** Cuts it off: what it has not read is about to be given back. */
  overrun(): void {
    this.#overrun = true
    this.#closing.abort()
  }

  close(): void {
    this.#closing.abort()
    this.#output.forget(this)
  }

  /** The output from the reader's place on, until the process has ended and all was given. @throws PouchError `exhausted` */
  async *chunks(): AsyncGenerator<OutputChunk, void, undefined> {
    const { pulse } = this.#output
    try {
      for (;;) {
        const seen = pulse.count
        const isComplete = this.#output.isComplete
        let found = false
        for (const stream of this.#streams) {
          const data = await this.#read(stream)
          if (data === undefined) continue
          found = true
          yield { stream, data }
        }
        if (this.#closing.signal.aborted || (!found && isComplete)) break
        if (!found) await pulse.after(seen, this.#closing.signal)
      }
      if (this.#overrun) throw overrunError(this.#output.id)
    } finally {
      this.close()
    }
  }

  async #read(stream: StreamName): Promise<Buffer | undefined> {
    const position = this.#positions.get(stream) ?? 0
    const available = this.#output.size(stream) - position
    if (available <= 0 || this.#closing.signal.aborted) return undefined
    const buffer = Buffer.allocUnsafeSlow(Math.min(available, chunkBytes))
    const length = await this.#output.read(stream, buffer, position)
    if (length === 0 || this.#overrun) return undefined
    this.#positions.set(stream, position + length)
    return buffer.subarray(0, length)
  }
}

function overrunError(id: string): PouchError {
  return new PouchError(
    'exhausted',
    `the reader of container ${id} fell too far behind its output and was cut off; the log has what it missed`,
    {
      op: 'container.attach',
      subject: id,
    },
  )
}

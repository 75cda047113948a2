import { PouchError } from '@pouch/errors'
import type { VolumeArchive } from './volume-requests.js'

/** What {@link HeldArchive} reads, and lets go of. */
export interface ArchiveSource {
  readonly volume: string
  /** The tar; its signal is what ends it before its time. */
  pack(signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Lets go of the volume. Never rejects, and may be called again. */
  release(): Promise<void>
}

/** A volume's content, and the hold on the volume while it is read. */
export class HeldArchive implements VolumeArchive {
  readonly #source: ArchiveSource
  readonly #stop = new AbortController()
  #isRead = false
  #chunks: AsyncIterator<Uint8Array> | undefined
  #reading: Promise<void> = Promise.resolve()

  constructor(source: ArchiveSource) {
    this.#source = source
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#isRead) throw readBefore(this.#source.volume)
    this.#isRead = true
    return this.#read()
  }

  /** Ends the reading, and lets go of the volume. */
  async end(reason: PouchError): Promise<void> {
    this.#isRead = true
    this.#stop.abort(reason)
    await this.#reading
    // A reader that has paused would keep files of the volume open.
    await this.#chunks?.return?.()
    await this.#source.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { volume } = this.#source
    await this.end(new PouchError('aborted', `export ${volume}: the archive was disposed of`, { op: 'volume.export' }))
  }

  async *#read(): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = this.#stop
    const chunks = this.#source.pack(signal)[Symbol.asyncIterator]()
    this.#chunks = chunks
    try {
      for (;;) {
        // Whoever ends the archive waits for the read in flight: until then the volume is in use.
        const next = chunks.next()
        this.#reading = next.then(ignore, ignore)
        const { done, value } = await next
        if (signal.aborted) throw signal.reason
        if (done === true) return
        yield value
      }
    } finally {
      await chunks.return?.()
      await this.#source.release()
    }
  }
}

const ignore = () => undefined

function readBefore(volume: string): PouchError {
  const text = `export ${volume}: an archive is read once: export the volume again`
  return new PouchError('conflict', text, { op: 'volume.export', subject: volume })
}

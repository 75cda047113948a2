import type { Writable } from 'node:stream'
import { humanSize } from '../format/human.js'
import { isTerminal, write } from '../io.js'
import { barOf, fit } from './progress.js'

/** Often enough to look alive. */
const everyMs = 100

/** One line on a terminal that tells how far a transfer is, drawn again as it goes on. Elsewhere it writes nothing. */
export class TransferMeter {
  readonly #output: Writable
  readonly #verb: string
  readonly #totalBytes: number | undefined
  readonly #isShown: boolean
  #bytes = 0
  #files: number | undefined
  #drawnMs = 0

  /**
   * @param verb what is being done: `exporting data`
   * @param totalBytes how much it will be, as far as that is known: a bar is drawn then
   */
  constructor(output: Writable, verb: string, totalBytes?: number) {
    this.#output = output
    this.#verb = verb
    this.#totalBytes = totalBytes
    this.#isShown = isTerminal(output)
  }

  /** The same bytes, counted as they go by. */
  async *count(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      await this.show(this.#bytes + chunk.byteLength)
      yield chunk
    }
  }

  /** Shows how far it is now. */
  async show(bytes: number, files?: number): Promise<void> {
    this.#bytes = bytes
    this.#files = files
    const nowMs = performance.now()
    if (!this.#isShown || nowMs - this.#drawnMs < everyMs) return
    this.#drawnMs = nowMs
    await this.#draw()
  }

  /** Writes a line of its own, such as a warning, and goes on below it. */
  async say(line: string): Promise<void> {
    await write(this.#output, this.#isShown && this.#drawnMs > 0 ? `\r\u001b[2K${line}\n` : `${line}\n`)
  }

  /** The last word, with all that was counted. */
  async end(): Promise<void> {
    if (!this.#isShown) return
    await this.#draw()
    await write(this.#output, '\n')
  }

  async #draw(): Promise<void> {
    await write(this.#output, `\r\u001b[2K${fit(this.#line(), this.#output)}`)
  }

  #line(): string {
    const files = this.#files === undefined ? '' : `, ${this.#files} files`
    const total = this.#totalBytes
    if (total === undefined || total <= 0) return `${this.#verb}: ${humanSize(this.#bytes)}${files}`
    const most = Math.max(total, this.#bytes)
    return `${this.#verb}: [${barOf(this.#bytes, most)}] ${humanSize(this.#bytes)}/${humanSize(most)}${files}`
  }
}

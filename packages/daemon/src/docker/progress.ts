import type { ServerResponse } from 'node:http'
import { type ProgressMessage, progressError } from '@pouch/api'
import { PouchError } from '@pouch/errors'
import type { Progress } from '@pouch/image-manager'
import { sent } from '../http/route.js'
import { StreamReply } from '../http/stream-reply.js'

const barWidth = 50

/** A reply of progress messages. Its status is open until the first of them: what fails before is an ordinary error. */
export class ProgressReply {
  readonly #response: ServerResponse
  #stream: StreamReply | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(response: ServerResponse) {
    this.#response = response
  }

  /** Sends a step. */
  readonly step = ({ id, status, current, total }: Progress): void => {
    const isCounted = current !== undefined && total !== undefined
    this.send({
      status,
      ...(isCounted ? { progressDetail: { current, total } } : {}),
      ...(isCounted || !id ? {} : { progressDetail: {} }),
      ...(isCounted ? { progress: bar(current, total) } : {}),
      ...(id === undefined || id === '' ? {} : { id }),
    })
  }

  /** Sends a message. */
  send(message: ProgressMessage): void {
    this.#stream ??= new StreamReply(this.#response, 'application/json')
    this.#last = this.#stream.write(`${escaped(JSON.stringify(message))}\r\n`)
  }

  /**
   * Runs the work that this tells the progress of, and ends the reply.
   *
   * @param work resolves with the last messages
   * @throws what the work throws before the first message; later it is the last message
   */
  async run(work: () => Promise<readonly ProgressMessage[]>): Promise<typeof sent> {
    try {
      for (const message of await work()) this.send(message)
    } catch (error) {
      if (this.#stream === undefined) throw error
      this.send(progressError(PouchError.from(error)))
    }
    await this.#last
    this.#stream ??= new StreamReply(this.#response, 'application/json')
    this.#stream.end()
    return sent
  }
}

/** The bar that older clients print as it is: `[=====>     ]  1.2MB/3MB`. */
function bar(current: number, total: number): string {
  if (total <= 0) return size(current)
  const done = Math.min(barWidth, Math.floor((current / total) * barWidth))
  const head = done < barWidth ? '>' : ''
  return `[${`${'='.repeat(done)}${head}`.padEnd(barWidth)}]  ${size(current)}/${size(total)}`
}

function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let [value, unit] = [bytes, 0]
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`
}

// As Docker's progress streams have it.
function escaped(json: string): string {
  return json.replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`)
}

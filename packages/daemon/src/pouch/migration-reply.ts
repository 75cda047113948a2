import type { ServerResponse } from 'node:http'
import type { PouchMigrateMessage, PouchProgress } from '@pouch/api'
import { PouchError, type PouchErrorBody } from '@pouch/errors'
import type { Logger, Volume } from '@pouch/volume-core'
import { sent } from '../http/route.js'
import { StreamReply } from '../http/stream-reply.js'
import { pouchVolume } from './volume-json.js'

/** Progress is for eyes: more often than this is of no use. */
const everyMs = 100

/** What a migration's reply is about. */
export interface MigrationReplyOptions {
  readonly volume: string
  readonly log: Logger
}

/** A reply of messages on lines. Its status is open until the first of them: what fails before is an ordinary error. */
export class MigrationReply {
  readonly #response: ServerResponse
  readonly #options: MigrationReplyOptions
  #stream: StreamReply | undefined
  #last: Promise<void> = Promise.resolve()
  #toldMs = 0

  constructor(response: ServerResponse, options: MigrationReplyOptions) {
    this.#response = response
    this.#options = options
  }

  readonly onProgress = ({ files, bytes }: PouchProgress): void => {
    const nowMs = performance.now()
    if (this.#stream !== undefined && nowMs - this.#toldMs < everyMs) return
    this.#toldMs = nowMs
    this.#send({ progress: { files, bytes } })
  }

  readonly onWarning = (warning: string): void => this.#send({ warning })

  /** Runs the migration, and ends the reply with the volume or the error. @throws what fails before the first message */
  async run(migrate: () => Promise<Volume>): Promise<typeof sent> {
    try {
      this.#send({ volume: pouchVolume(await migrate()) })
    } catch (thrown) {
      if (this.#stream === undefined) throw thrown
      const error = PouchError.from(thrown, { op: 'volume.migrate' })
      this.#options.log.warn({ err: error, volume: this.#options.volume }, 'a migration did not come to its end')
      this.#send({ error: error.toJSON() })
    }
    await this.#last
    this.#stream?.end()
    return sent
  }

  #send(message: Omit<PouchMigrateMessage, 'error'> & { readonly error?: PouchErrorBody }): void {
    this.#stream ??= new StreamReply(this.#response, 'application/json')
    this.#last = this.#stream.json(message)
  }
}

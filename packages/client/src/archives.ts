import type { Readable } from 'node:stream'
import type {
  PouchMigrateMessage,
  PouchProgress,
  PouchVolume,
  PouchVolumeImportResponse,
  PouchVolumeMigrateBody,
} from '@pouch/api'
import { PouchError } from '@pouch/errors'
import { type ArchiveListener, archiveStream } from './archive-stream.js'
import { replyError } from './failures.js'
import type { Call, Transport } from './transport.js'

/** How a volume is exported. */
export interface ExportOptions extends ArchiveListener {
  /** Compressed by the daemon; plain tar unless given. */
  readonly compress?: 'gzip' | 'zstd' | undefined
  /** Also while somebody may be writing. */
  readonly inconsistent?: boolean | undefined
}

/** What a volume that is imported becomes. */
export interface ImportVolumeOptions {
  readonly name?: string | undefined
  readonly driver?: string | undefined
  /** Options of the driver. */
  readonly options?: Readonly<Record<string, string>> | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** Who is told how far a migration is. */
export interface MigrateListener extends ArchiveListener {
  readonly onProgress?: ((progress: PouchProgress) => void) | undefined
}

/** The content of volumes, as it goes out and comes in. Only pouchd has this. */
export class Archives {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * The content of a volume as a tar archive, read at the reader's pace: a Readable, which is an async iterable too. It ends well only when
   * the archive is whole; leaving the loop, or destroying it, ends the export.
   *
   * @throws PouchError `in-use` when somebody may be writing, unless `inconsistent` is set
   */
  async export(name: string, options: ExportOptions = {}, call?: Call): Promise<Readable> {
    const { compress, inconsistent } = options
    const op = 'volume.export'
    const query = { compress, inconsistent, frames: true }
    const path = '/pouch/v1/volumes/{name}/archive'
    const request = { op, method: 'GET', path, params: { name }, query, call } as const
    const { chunks, stop } = await this.#transport.download(request)
    return archiveStream({ chunks, op, stop }, options)
  }

  /**
   * Makes a volume of a tar archive, plain or compressed by gzip or zstd, which is sent as it comes. When anything fails on the way, there is
   * no volume.
   *
   * @returns the volume, and what of the archive could not be kept
   * @throws PouchError `already-exists` when the name is taken, `invalid-argument` for what is no archive
   */
  import(
    archive: AsyncIterable<Uint8Array>,
    { name, driver, options, labels }: ImportVolumeOptions = {},
    call?: Call,
  ): Promise<PouchVolumeImportResponse> {
    const query = { name, driver, options: json(options), labels: json(labels) }
    const request = { query, upload: archive, unbounded: true, call } as const
    return this.#transport.json({ op: 'volume.import', method: 'POST', path: '/pouch/v1/volumes/import', ...request })
  }

  /**
   * Moves a volume to another driver: copied, compared, then switched over. A failure on the way leaves it where it was.
   *
   * @throws PouchError `in-use` while the volume is referenced
   */
  async migrate(
    name: string,
    body: PouchVolumeMigrateBody,
    { onProgress, onWarning }: MigrateListener = {},
    call?: Call,
  ): Promise<PouchVolume> {
    const op = 'volume.migrate'
    const request = { params: { name }, body, call }
    const path = '/pouch/v1/volumes/{name}/migrate'
    for await (const message of this.#transport.lines<PouchMigrateMessage>({ op, method: 'POST', path, ...request })) {
      if (message.error !== undefined) throw replyError(500, JSON.stringify(message.error), op)
      if (message.volume !== undefined) return message.volume
      if (message.warning !== undefined) onWarning?.(message.warning)
      if (message.progress !== undefined) onProgress?.(message.progress)
    }
    const text = `the daemon stopped before it told whether volume ${name} was moved: look at its driver first`
    throw new PouchError('timeout', text, { op, subject: name })
  }
}

function json(map: Readonly<Record<string, string>> | undefined): string | undefined {
  return map === undefined || Object.keys(map).length === 0 ? undefined : JSON.stringify(map)
}

import { PouchError } from '@pouch/errors'
import { undefinedIfAbsent } from '../absent.js'
import type { Call } from '../call.js'
import { type ContentWrite, type ContentWritten, writeContent } from '../content-write.js'
import { type Info as WireInfo, ContentService as wire } from '../gen/content.js'
import { present } from '../present.js'
import { toBigInt, toNumber } from '../safe-integer.js'
import type { ServiceContext } from '../service-context.js'
import { toRfc3339 } from '../timestamp.js'

/** One blob. */
export interface ContentInfo {
  readonly digest: string
  /** In bytes. */
  readonly size: number
  readonly labels: Readonly<Record<string, string>>
  /** RFC 3339. */
  readonly createdAt?: string | undefined
  /** RFC 3339. */
  readonly updatedAt?: string | undefined
}

/** A write that is not committed yet. */
export interface IngestStatus {
  readonly ref: string
  /** Bytes written so far. */
  readonly offset: number
  /** The size that the writer announced; 0 when it did not. */
  readonly total: number
  /** The digest that the writer announced; empty when it did not. */
  readonly expected: string
  /** RFC 3339. */
  readonly startedAt?: string | undefined
  /** RFC 3339. */
  readonly updatedAt?: string | undefined
}

/** Which bytes to read: all of them by default. */
export interface ReadRange {
  readonly offset?: number | undefined
  /** In bytes; to the end by default. */
  readonly size?: number | undefined
}

/** The content store: blobs by their digest. */
export class ContentService {
  readonly #context: ServiceContext

  /** @internal */
  constructor(context: ServiceContext) {
    this.#context = context
  }

  /** One blob; undefined when there is none of this digest. */
  async info(digest: string, call?: Call): Promise<ContentInfo | undefined> {
    const name = { op: 'content.info', doing: 'look up the blob', subject: digest }
    const answer = await undefinedIfAbsent(this.#context.unary(wire.info, { digest }, name, call))
    return answer && fromWire(present(answer.info, 'blob'))
  }

  /** The blobs that match any of the filters (containerd's filter language), or all. */
  async *list(filters: readonly string[] = [], call?: Call): AsyncGenerator<ContentInfo, void, undefined> {
    const name = { op: 'content.list', doing: 'list the blobs' }
    for await (const message of this.#context.serverStream(wire.list, { filters: [...filters] }, name, call)) {
      for (const info of message.info ?? []) yield fromWire(info)
    }
  }

  /** A blob's bytes, in chunks of containerd's choice. Leaving the loop ends the read. @throws PouchError `not-found` */
  async *read(digest: string, range: ReadRange = {}, call?: Call): AsyncGenerator<Uint8Array, void, undefined> {
    const name = { op: 'content.read', doing: 'read the blob', subject: digest }
    // 0 means "to the end" on the wire.
    if (range.size === 0) return
    const offset = toBigInt(range.offset ?? 0, 'the offset of a read')
    const size = toBigInt(range.size ?? 0, 'the size of a read')
    for await (const message of this.#context.serverStream(wire.read, { digest, offset, size }, name, call)) {
      if (message.data !== undefined && message.data.length > 0) yield message.data
    }
  }

  /**
   * A small blob as one Buffer: manifests and configs.
   *
   * @throws PouchError `not-found`; `invalid-argument` for one that is larger than `maxBytes`
   */
  async readAll(digest: string, maxBytes: number, call?: Call): Promise<Buffer> {
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of this.read(digest, {}, call)) {
      length += chunk.length
      if (length > maxBytes) {
        const options = { op: 'containerd.content.readAll', subject: digest, details: { maxBytes } }
        throw new PouchError('invalid-argument', `the blob ${digest} is larger than ${maxBytes} bytes`, options)
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, length)
  }

  /**
   * Stores a blob. containerd checks size and digest before it is visible. A write under the same `ref` that was broken
   * off is taken up where it stopped when `digest` is given (the source is read from its start and the known bytes
   * skipped), else started anew. What fails the check is dropped. No default deadline.
   *
   * @returns `existed` when containerd had the blob already; the labels are then merged into its own
   * @throws PouchError `conflict` for a wrong digest or size; `unavailable` while another write of `ref` is open;
   *   what the source throws, as it is if a PouchError
   */
  write(source: AsyncIterable<Uint8Array>, write: ContentWrite, call?: Call): Promise<ContentWritten> {
    return writeContent(this.#context, this, source, write, call)
  }

  /** Replaces the labels; `fieldPaths` (`labels.x`) narrows it to some of them. @throws PouchError `not-found` */
  async update(
    digest: string,
    labels: Readonly<Record<string, string>>,
    fieldPaths: readonly string[] = [],
    call?: Call,
  ): Promise<ContentInfo> {
    const name = { op: 'content.update', doing: 'update the blob', subject: digest }
    const updateMask = fieldPaths.length === 0 ? ['labels'] : [...fieldPaths]
    const request = { info: { digest, labels: { ...labels } }, updateMask }
    const answer = await this.#context.unary(wire.update, request, name, call)
    return fromWire(present(answer.info, 'blob'))
  }

  /** @throws PouchError `not-found` */
  async delete(digest: string, call?: Call): Promise<void> {
    const name = { op: 'content.delete', doing: 'delete the blob', subject: digest }
    await this.#context.unary(wire.delete, { digest }, name, call)
  }

  /** The writes that are not committed yet, broken off or under way. */
  async statuses(filters: readonly string[] = [], call?: Call): Promise<IngestStatus[]> {
    const name = { op: 'content.statuses', doing: 'list the unfinished writes' }
    const answer = await this.#context.unary(wire.listStatuses, { filters: [...filters] }, name, call)
    return (answer.statuses ?? []).map((status) => ({
      ref: status.ref ?? '',
      offset: toNumber(status.offset, 'offset'),
      total: toNumber(status.total, 'size'),
      expected: status.expected ?? '',
      startedAt: toRfc3339(status.startedAt),
      updatedAt: toRfc3339(status.updatedAt),
    }))
  }

  /** Drops an unfinished write. @throws PouchError `not-found` */
  async abort(ref: string, call?: Call): Promise<void> {
    const name = { op: 'content.abort', doing: 'drop the unfinished write', subject: ref }
    await this.#context.unary(wire.abort, { ref }, name, call)
  }
}

function fromWire(info: WireInfo): ContentInfo {
  return {
    digest: info.digest ?? '',
    size: toNumber(info.size, 'size of a blob'),
    labels: info.labels ?? {},
    createdAt: toRfc3339(info.createdAt),
    updatedAt: toRfc3339(info.updatedAt),
  }
}

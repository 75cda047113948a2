import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { hasCode, PouchError } from '@pouch/errors'
import { bytePieces } from './byte-pieces.js'
import type { Call } from './call.js'
import { WriteAction, type WriteContentResponse } from './gen/content.js'
import { IngestStream } from './ingest-stream.js'
import { toBigInt, toNumber } from './safe-integer.js'
import type { ServiceContext } from './service-context.js'
import type { ContentService } from './services/content-service.js'

/** What is written, and under which name while it is unfinished. */
export interface ContentWrite {
  /** Names the unfinished write; one writer at a time. */
  readonly ref: string
  /** What the bytes must be: checked by containerd. Without it the digest is reckoned on the way. */
  readonly digest?: string | undefined
  /** How many bytes there must be. */
  readonly size?: number | undefined
  /** Labels for the blob, such as `containerd.io/gc.ref.content.0`. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Called with the number of bytes that containerd holds. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

/** A blob that is in the content store. */
export interface ContentWritten {
  readonly digest: string
  /** In bytes. */
  readonly size: number
  /** It was there before. */
  readonly existed: boolean
}

const pieceBytes = 512 * 1024
const maxUnanswered = 4
const lockedRefPatienceMs = 2000

/** Writes one blob: see `ContentService.write`, which is what callers use. */
export async function writeContent(
  context: ServiceContext,
  content: ContentService,
  source: AsyncIterable<Uint8Array>,
  write: ContentWrite,
  call?: Call,
): Promise<ContentWritten> {
  const ingest = new Ingest(context, write, call)
  try {
    return await ingest.run(source)
  } catch (error) {
    if (hasCode(error, 'already-exists')) return await existing(content, write, ingest.digest, call)
    ingest.close()
    throw await dropped(content, write, error, call)
  } finally {
    ingest.close()
  }
}

/** One pass over the source into one ingest. */
class Ingest {
  readonly #context: ServiceContext
  readonly #write: ContentWrite
  readonly #call: Call | undefined
  readonly #hash
  readonly #name
  readonly #total: bigint
  #stream: IngestStream | undefined
  #offset = 0
  digest: string | undefined

  constructor(context: ServiceContext, write: ContentWrite, call: Call | undefined) {
    this.#context = context
    this.#write = write
    this.#call = call
    this.#name = { op: 'content.write', doing: 'write the blob', subject: write.digest ?? write.ref }
    this.#hash = write.digest === undefined ? createHash('sha256') : undefined
    this.#total = toBigInt(write.size ?? 0, 'the size of a blob')
    this.digest = write.digest
  }

  async run(source: AsyncIterable<Uint8Array>): Promise<ContentWritten> {
    const stream = await this.#begin()
    const isWhole = this.#write.size !== undefined && this.#write.size > 0 && this.#offset === this.#write.size
    if (!isWhole) await this.#fill(stream, source)
    this.digest ??= `sha256:${this.#hash?.digest('hex')}`
    const answer = await stream.send(this.#request(WriteAction.COMMIT))
    return { digest: answer.digest || this.digest, size: this.#offset, existed: false }
  }

  close(): void {
    this.#stream?.close()
  }

  /** Opens the ingest and learns how much of it is there. One that was just broken off stays locked for a moment. */
  async #begin(): Promise<IngestStream> {
    const patientUntil = Date.now() + lockedRefPatienceMs
    for (let waitMs = 20; ; waitMs *= 2) {
      await this.#context.connection.attempt()
      const stream = new IngestStream(this.#context, this.#name, this.#call)
      this.#stream = stream
      try {
        const status = await stream.send(this.#request(WriteAction.STAT))
        // Without a digest nothing would tell whether what is there belongs to this source.
        this.#offset = this.#hash === undefined ? toNumber(status.offset, 'offset of a write') : 0
        return stream
      } catch (error) {
        stream.close()
        if (!isLockedRef(error) || Date.now() + waitMs > patientUntil) throw error
        await delay(waitMs, undefined, { signal: this.#call?.signal })
      }
    }
  }

  async #fill(stream: IngestStream, source: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces = bytePieces(source, pieceBytes)
    const unanswered: Promise<WriteContentResponse>[] = []
    let seen = 0
    try {
      for (;;) {
        const { value: piece, done } = await stream.orFailure(pieces.next())
        if (done || piece === undefined) break
        this.#hash?.update(piece)
        const fresh = piece.subarray(Math.min(piece.length, Math.max(0, this.#offset - seen)))
        seen += piece.length
        if (fresh.length === 0) continue
        unanswered.push(stream.send({ ...this.#request(WriteAction.WRITE), data: fresh }))
        this.#offset += fresh.length
        if (unanswered.length >= maxUnanswered) await this.#answered(unanswered)
      }
      while (unanswered.length > 0) await this.#answered(unanswered)
    } finally {
      // What is under way still counts for the write that takes this one up.
      await Promise.allSettled(unanswered)
      // Lets the source clean up. It may hang in a read, so nobody waits for it; the write's own failure is reported.
      pieces.return().catch(() => undefined)
    }
  }

  async #answered(unanswered: Promise<WriteContentResponse>[]): Promise<void> {
    const answer = await unanswered.shift()
    this.#write.onProgress?.(toNumber(answer?.offset, 'offset of a write'))
  }

  #request(action: WriteAction) {
    return {
      action,
      ref: this.#write.ref,
      total: this.#total,
      expected: this.digest ?? '',
      offset: BigInt(this.#offset),
      labels: action === WriteAction.COMMIT ? { ...this.#write.labels } : {},
    }
  }
}

function isLockedRef(error: unknown): boolean {
  return hasCode(error, 'unavailable') && error.details.answered === true
}

async function existing(
  content: ContentService,
  write: ContentWrite,
  digest: string | undefined,
  call: Call | undefined,
): Promise<ContentWritten> {
  const known = digest ?? ''
  const labels = write.labels ?? {}
  const paths = Object.keys(labels).map((key) => `labels.${key}`)
  const info = paths.length > 0 ? await content.update(known, labels, paths, call) : await content.info(known, call)
  if (info === undefined) {
    const options = { op: 'containerd.content.write', subject: known }
    throw new PouchError('conflict', `the blob ${known} was collected while it was written; hold a lease`, options)
  }
  write.onProgress?.(info.size)
  return { digest: known, size: info.size, existed: true }
}

/** Drops what can never be completed: bytes that failed the check, and those that nothing identifies. */
async function dropped(
  content: ContentService,
  write: ContentWrite,
  thrown: unknown,
  call: Call | undefined,
): Promise<PouchError> {
  const op = 'containerd.content.write'
  const subject = write.digest ?? write.ref
  const error = PouchError.from(thrown, { op, subject, message: `the source of the blob ${subject} failed` })
  const isUseless = error.code === 'conflict' || write.digest === undefined
  if (!isUseless || error.code === 'unavailable') return error
  try {
    await content.abort(write.ref, { lease: call?.lease })
    return error
  } catch (failure) {
    if (hasCode(failure, 'not-found')) return error
    const details = { ...error.details, notDropped: failure instanceof Error ? failure.message : String(failure) }
    return new PouchError(error.code, error.message, { op: error.op, subject: error.subject, details, cause: thrown })
  }
}

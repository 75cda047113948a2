import { randomUUID } from 'node:crypto'
import type { Call, ContainerdClient } from '@pouch/ctrd-client'
import { hasCode, PouchError, throwIfAborted } from '@pouch/errors'
import { labels } from './labels.js'
import type { Logger } from './logger.js'
import { maxDocumentBytes } from './manifest.js'

/** What every part of the image manager works with. */
export interface ImageContext {
  readonly containerd: ContainerdClient
  readonly engineId: string
  readonly snapshotter: string
  readonly log: Logger
}

/** What is written to the content store. */
export interface ContentWrite {
  /** What is expected; unknown for the files of an archive. */
  readonly digest?: string | undefined
  readonly sizeBytes?: number | undefined
  readonly labels?: Readonly<Record<string, string>>
  readonly onProgress?: ((bytes: number) => void) | undefined
}

// As long as containerd itself keeps an upload that nobody finished: the time in which the largest pull must end.
const leaseMs = 24 * 60 * 60 * 1000
const cleanupMs = 30_000

/**
 * One load, import, pull or unpack: everything that it makes in containerd is held by a lease of its own until an image
 * record refers to it. When the work fails its lease goes at once, and with it all that it made; when the process dies
 * the lease is taken by the next `open()` of the manager, or expires.
 */
export class ImageWork {
  readonly context: ImageContext
  readonly signal: AbortSignal | undefined
  readonly call: Call

  private constructor(context: ImageContext, lease: string, signal: AbortSignal | undefined) {
    this.context = context
    this.signal = signal
    this.call = { lease, ...(signal === undefined ? {} : { signal }) }
  }

  /** Runs `work` under a lease of its own. */
  static async run<Result>(
    context: ImageContext,
    what: string,
    signal: AbortSignal | undefined,
    work: (work: ImageWork) => Promise<Result>,
  ): Promise<Result> {
    throwIfAborted(signal, { op: `image.${what}` })
    const { leases } = context.containerd
    const lease = await leases.create({
      id: `pouch-${context.engineId}-${what}-${randomUUID()}`,
      labels: { [labels.engine]: context.engineId, [labels.work]: what },
      expiresAt: new Date(Date.now() + leaseMs),
    })
    let failed = true
    try {
      const result = await work(new ImageWork(context, lease.id, signal))
      failed = false
      return result
    } finally {
      await ImageWork.#drop(context, lease.id, failed)
    }
  }

  /** Deletes the leases of work that nobody does any more; to be called when no work runs. */
  static async dropLeftOver(context: ImageContext): Promise<number> {
    const all = await context.containerd.leases.list()
    const ours = all.filter(
      (each) => each.labels[labels.engine] === context.engineId && each.labels[labels.work] !== undefined,
    )
    for (const lease of ours) await ImageWork.#drop(context, lease.id, true)
    return ours.length
  }

  // The work is done or its error is on its way to the caller; a lease that stays expires by itself.
  static async #drop(context: ImageContext, id: string, sync: boolean): Promise<void> {
    try {
      await context.containerd.leases.delete(id, { sync }, { timeoutMs: cleanupMs })
    } catch (error) {
      if (!hasCode(error, 'not-found')) context.log.warn({ err: error, lease: id }, 'a lease stays until it expires')
    }
  }

  /** The same work with another signal. */
  until(signal: AbortSignal): ImageWork {
    return new ImageWork(this.context, this.#lease, signal)
  }

  /** Labels that say whose an object is. */
  get ownLabels(): Readonly<Record<string, string>> {
    return { [labels.engine]: this.context.engineId }
  }

  /**
   * Writes content and labels it. Content that is there already is held and labelled.
   *
   * @throws PouchError `corrupt` when it is not what was expected
   */
  async write(
    source: AsyncIterable<Uint8Array>,
    options: ContentWrite,
  ): Promise<{ digest: string; sizeBytes: number; existed: boolean }> {
    const ref = `pouch-${this.context.engineId}-${randomUUID()}`
    const { content } = this.context.containerd
    const wanted = { ...this.ownLabels, ...options.labels }
    const written = await content
      .write(
        source,
        {
          ref,
          labels: wanted,
          ...(options.digest === undefined ? {} : { digest: options.digest }),
          ...(options.sizeBytes === undefined ? {} : { size: options.sizeBytes }),
          ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
        },
        this.call,
      )
      .catch((error: unknown) => {
        throw mismatch(error, options.digest)
      })
    if (written.existed) await this.holdContent(written.digest)
    return { digest: written.digest, sizeBytes: written.size, existed: written.existed }
  }

  /** Writes a small document. */
  async writeDocument(bytes: Uint8Array, options: ContentWrite = {}): Promise<{ digest: string; sizeBytes: number }> {
    return this.write(once(bytes), { sizeBytes: bytes.byteLength, ...options })
  }

  /** Reads a document of at most {@link maxDocumentBytes}. @throws PouchError `not-found` */
  async read(digest: string): Promise<Uint8Array> {
    return this.context.containerd.content.readAll(digest, maxDocumentBytes, this.call)
  }

  /** Whether the content is there; it then stays for the length of this work. */
  async holdContent(digest: string): Promise<boolean> {
    const { content, leases } = this.context.containerd
    if ((await content.info(digest, this.call)) === undefined) return false
    await leases.addResource(this.#lease, { id: digest, type: 'content' }, this.call)
    return (await content.info(digest, this.call)) !== undefined
  }

  /** Whether the snapshot is there; it then stays for the length of this work. */
  async holdSnapshot(key: string): Promise<boolean> {
    const { containerd, snapshotter } = this.context
    const snapshots = containerd.snapshots(snapshotter)
    if ((await snapshots.stat(key, this.call)) === undefined) return false
    await containerd.leases.addResource(this.#lease, { id: key, type: `snapshots/${snapshotter}` }, this.call)
    return (await snapshots.stat(key, this.call)) !== undefined
  }

  /** Puts labels on content, beside those that it has. */
  async label(digest: string, wanted: Readonly<Record<string, string>>): Promise<void> {
    const { content } = this.context.containerd
    const present = (await content.info(digest, this.call))?.labels ?? {}
    const missing = Object.entries(wanted).filter(
      ([name, value]) => present[name] !== value && (name !== labels.engine || present[name] === undefined),
    )
    if (missing.length === 0) return
    const paths = missing.map(([name]) => `labels.${name}`)
    await content.update(digest, Object.fromEntries(missing), paths, this.call)
  }

  get #lease(): string {
    return this.call.lease ?? ''
  }
}

// containerd says "failed precondition" when digest or size differ at commit, and for nothing else in a write.
function mismatch(error: unknown, digest: string | undefined): unknown {
  if (digest === undefined || !hasCode(error, 'conflict')) return error
  return new PouchError(
    'corrupt',
    `the data of ${digest} is not what its digest says: it was changed or damaged on the way`,
    {
      op: 'image.verify',
      subject: digest,
      cause: error,
    },
  )
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

import {
  type AuthConfig,
  encodeFilters,
  type Filters,
  type ImageDeleteItem,
  type ImageHistoryItem,
  type ImageInspect,
  type ImagePruneResponse,
  type ImageSummary,
  type ProgressMessage,
} from '@pouch/api'
import { splitReference } from './image-reference.js'
import { raiseProgressErrors } from './progress.js'
import type { Call, Request, Transport } from './transport.js'

/** How an image is pulled. */
export interface PullOptions {
  readonly platform?: string
  readonly auth?: AuthConfig
}

/** What an imported root filesystem becomes. `changes` are lines of a Dockerfile such as `CMD ["sh"]`. */
export interface ImportOptions {
  readonly reference?: string
  readonly message?: string
  readonly changes?: readonly string[]
  readonly platform?: string
}

/** The images of a daemon. Every method throws PouchError; `name` is a reference or an id. */
export class Images {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Lists images, the newest first. */
  list(
    options: { readonly all?: boolean; readonly filters?: Filters } = {},
    call?: Call,
  ): Promise<readonly ImageSummary[]> {
    const query = { all: options.all, filters: encodeFilters(options.filters) }
    return this.#transport.json({ op: 'image.list', method: 'GET', path: '/images/json', query, call })
  }

  /** Shows everything about an image. */
  inspect(name: string, call?: Call): Promise<ImageInspect> {
    return this.#transport.json({
      op: 'image.inspect',
      method: 'GET',
      path: '/images/{name}/json',
      params: { name },
      call,
    })
  }

  /** Lists the layers of an image, the newest first. */
  history(name: string, call?: Call): Promise<readonly ImageHistoryItem[]> {
    return this.#transport.json({
      op: 'image.history',
      method: 'GET',
      path: '/images/{name}/history',
      params: { name },
      call,
    })
  }

  /** Pulls an image: messages as it goes on; the image is there when they end, and a failure is thrown. */
  pull(reference: string, options: PullOptions = {}, call?: Call): AsyncGenerator<ProgressMessage> {
    const { name, tag = 'latest' } = splitReference(reference)
    const query = { fromImage: name, tag, platform: options.platform }
    const headers = options.auth === undefined ? {} : { 'x-registry-auth': encodeAuth(options.auth) }
    return this.#progress({ op: 'image.pull', method: 'POST', path: '/images/create', query, headers, call })
  }

  /** Loads images from a tar archive (docker-archive or OCI layout, plain or gzip) that is sent as it comes. */
  load(
    tar: AsyncIterable<Uint8Array>,
    options: { readonly quiet?: boolean } = {},
    call?: Call,
  ): AsyncGenerator<ProgressMessage> {
    const query = { quiet: options.quiet === true ? '1' : '0' }
    return this.#progress({ op: 'image.load', method: 'POST', path: '/images/load', query, upload: tar, call })
  }

  /** Makes an image of a root filesystem's tar, which is sent as it comes. The last message has its id as `status`. */
  importRootfs(
    tar: AsyncIterable<Uint8Array>,
    options: ImportOptions = {},
    call?: Call,
  ): AsyncGenerator<ProgressMessage> {
    const { name, tag } = options.reference === undefined ? {} : splitReference(options.reference)
    const { message, changes, platform } = options
    const query = { fromSrc: '-', repo: name, tag, message, changes, platform }
    return this.#progress({ op: 'image.import', method: 'POST', path: '/images/create', query, upload: tar, call })
  }

  /** Gives an image another name. */
  async tag(name: string, target: string, call?: Call): Promise<void> {
    const { name: repo, tag } = splitReference(target)
    await this.#transport.done({
      op: 'image.tag',
      method: 'POST',
      path: '/images/{name}/tag',
      params: { name },
      query: { repo, tag },
      call,
    })
  }

  /** Removes a name of an image, and with its last one the image. */
  remove(
    name: string,
    options: { readonly force?: boolean; readonly noPrune?: boolean } = {},
    call?: Call,
  ): Promise<readonly ImageDeleteItem[]> {
    const query = { force: options.force, noprune: options.noPrune }
    return this.#transport.json({
      op: 'image.remove',
      method: 'DELETE',
      path: '/images/{name}',
      params: { name },
      query,
      call,
    })
  }

  /** Removes the images that nothing uses and nothing names; with the filter `dangling=false` named ones too. */
  async prune(
    filters?: Filters,
    call?: Call,
  ): Promise<{ readonly removed: readonly ImageDeleteItem[]; readonly reclaimedBytes: number }> {
    const query = { filters: encodeFilters(filters) }
    const reply = await this.#transport.json<ImagePruneResponse>({
      op: 'image.prune',
      method: 'POST',
      path: '/images/prune',
      query,
      call,
    })
    return { removed: reply.ImagesDeleted ?? [], reclaimedBytes: reply.SpaceReclaimed }
  }

  #progress(request: Request): AsyncGenerator<ProgressMessage> {
    return raiseProgressErrors(this.#transport.lines<ProgressMessage>(request), request.op)
  }
}

const encodeAuth = (auth: AuthConfig): string => Buffer.from(JSON.stringify(auth)).toString('base64url')

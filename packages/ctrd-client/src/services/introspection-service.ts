import type { Call } from '../call.js'
import { type Plugin as WirePlugin, IntrospectionService as wire } from '../gen/introspection.js'
import type { ServiceContext } from '../service-context.js'

/** One plugin of containerd, loaded or not. */
export interface Plugin {
  /** Such as `io.containerd.snapshotter.v1`. */
  readonly type: string
  readonly id: string
  readonly requires: readonly string[]
  /** `linux/amd64`, `linux/arm/v7`. */
  readonly platforms: readonly string[]
  readonly exports: Readonly<Record<string, string>>
  readonly capabilities: readonly string[]
  /** Why it did not start; absent for one that works. */
  readonly initError?: { readonly grpcCode: number; readonly message: string } | undefined
}

/** What containerd tells of itself. */
export class IntrospectionService {
  readonly #context: ServiceContext

  /** @internal */
  constructor(context: ServiceContext) {
    this.#context = context
  }

  /** The plugins that match any of the filters (`type==io.containerd.snapshotter.v1`), or all. */
  async plugins(filters: readonly string[] = [], call?: Call): Promise<Plugin[]> {
    const name = { op: 'introspection.plugins', doing: 'list its plugins' }
    const answer = await this.#context.unary(wire.plugins, { filters: [...filters] }, name, call)
    return (answer.plugins ?? []).map(fromWire)
  }

  /** The id that this containerd made when it first ran on its root directory. */
  async server(call?: Call): Promise<{ uuid: string }> {
    const name = { op: 'introspection.server', doing: 'tell of itself' }
    const answer = await this.#context.unary(wire.server, {}, name, call)
    return { uuid: answer.uuid ?? '' }
  }
}

function fromWire(plugin: WirePlugin): Plugin {
  const error = plugin.initErr
  return {
    type: plugin.type ?? '',
    id: plugin.id ?? '',
    requires: plugin.requires ?? [],
    platforms: (plugin.platforms ?? []).map(({ os, architecture, variant }) =>
      [os, architecture, variant].filter((part) => part !== undefined && part !== '').join('/'),
    ),
    exports: plugin.exports ?? {},
    capabilities: plugin.capabilities ?? [],
    ...(error && { initError: { grpcCode: error.code ?? 0, message: error.message ?? '' } }),
  }
}

import type { Mount as WireMount } from './gen/types.js'

/** One mount that makes a root file system: what a snapshotter answers and a task is given. */
export interface Mount {
  readonly type: string
  readonly source: string
  /** Where below the root it goes; absent for the root itself. */
  readonly target?: string | undefined
  readonly options: readonly string[]
}

export function fromWireMount(wire: WireMount): Mount {
  return {
    type: wire.type ?? '',
    source: wire.source ?? '',
    ...(wire.target === undefined || wire.target === '' ? {} : { target: wire.target }),
    options: wire.options ?? [],
  }
}

export function toWireMount(mount: Mount): WireMount {
  return { type: mount.type, source: mount.source, target: mount.target ?? '', options: [...mount.options] }
}

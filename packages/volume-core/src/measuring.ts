import { PouchError } from '@pouch/errors'
import { measureTree } from '@pouch/file-tree'
import { Backend } from './backend.js'
import type { Core } from './core.js'
import type { Usage } from './driver.js'
import type { EngineParts } from './engine-parts.js'
import { checkedTimeoutMs } from './requests.js'
import { transferError } from './transfer-error.js'
import { treeRoot } from './tree-root.js'
import type { Volume, VolumeCall } from './volume.js'

/** Learns what volumes take up. Waits for no operation on them. */
export class Measuring {
  readonly #parts: EngineParts
  readonly #core: Core

  constructor(parts: EngineParts, core: Core) {
    this.#parts = parts
    this.#core = core
  }

  /** @throws PouchError `conflict` for a volume that is not mounted, and has to be */
  async measure(name: string, call: VolumeCall): Promise<Usage> {
    return await this.measureShown(await this.#core.get(name, call), call)
  }

  /** Of a volume that was just looked up: its backend is not asked once more whether it has it. */
  async measureShown({ name, mountpoint }: Volume, call: VolumeCall): Promise<Usage> {
    const told = await this.#byDriver(name, call)
    if (told !== undefined) return told
    if (mountpoint === undefined) throw notMounted(name)
    return await this.#walk(name, mountpoint, call)
  }

  /** `undefined` where the files have to be counted. */
  async #byDriver(name: string, call: VolumeCall): Promise<Usage | undefined> {
    const record = this.#parts.volumes.find(name)?.record
    if (record === undefined) return undefined
    const backend = new Backend(this.#parts, record, 'measure')
    const { usage } = backend.driver
    const work = { signal: call.signal, timeoutMs: checkedTimeoutMs(call.timeoutMs ?? this.#parts.timeoutMs) }
    if (usage === undefined || (await backend.describe(work)).without.usage !== undefined) return undefined
    return Object.freeze(await backend.call('measure', work, (driverCall) => usage.measure(backend.volume, driverCall)))
  }

  /** As Docker counts: the sizes of the files. */
  async #walk(name: string, path: string, call: VolumeCall): Promise<Usage> {
    const limit = AbortSignal.timeout(checkedTimeoutMs(call.timeoutMs ?? this.#parts.timeoutMs))
    const signal = call.signal === undefined ? limit : AbortSignal.any([limit, call.signal])
    try {
      const { apparentBytes, inodes } = await measureTree(await treeRoot(path, 'measure', name), { signal })
      return Object.freeze({ usedBytes: apparentBytes, usedInodes: inodes, source: 'walk' })
    } catch (error) {
      throw transferError('measure', name, error)
    }
  }
}

function notMounted(name: string): PouchError {
  const text = `measure ${name}: its driver cannot tell, and its files can be counted only while it is mounted: attach it`
  return new PouchError('conflict', text, { op: 'volume.measure', subject: name })
}

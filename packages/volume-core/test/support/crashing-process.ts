import { PouchError } from '@pouch/errors'
import type { Change, Entry, JsonValue, MetadataStore, StoreOperation, WriteCall } from '@pouch/store'
import type { Driver, DriverDefinition, DriverVolume, ReferenceInfo } from '../../src/driver.js'

/** A process that dies at its nth step: nothing that it was doing ever goes on, as after kill -9. */
export class CrashingProcess {
  readonly died: Promise<void>
  isDead = false
  steps = 0
  readonly #dieAt: number
  #onDeath: () => void = () => undefined

  constructor(dieAt = Number.POSITIVE_INFINITY) {
    this.#dieAt = dieAt
    this.died = new Promise((resolve) => {
      this.#onDeath = resolve
    })
  }

  /** A point at which it may die. Never returns in a dead process. */
  async step(): Promise<void> {
    this.steps += 1
    if (this.steps >= this.#dieAt) this.kill()
    if (this.isDead) await new Promise<never>(() => undefined)
    await Promise.resolve()
    if (this.isDead) await new Promise<never>(() => undefined)
  }

  kill(): void {
    this.isDead = true
    this.#onDeath()
  }
}

/** What of a store is on the disk, and outlives processes. */
export class Disk {
  readonly entries = new Map<string, { value: string; revision: string }>()
  /** How many writes had to wait for the disk. */
  syncs = 0
  #revision = 0

  nextRevision(): string {
    this.#revision += 1
    return String(this.#revision)
  }
}

type Stored = { value: string; revision: string } | undefined

/** A store whose process may die at each write, before and after it is durable. Lazy writes that no other write took along are lost. */
export class CrashingStore implements MetadataStore {
  readonly capabilities = {
    compareAndSet: true,
    atomicBatch: true,
    watch: false,
    leases: false,
    shared: false,
    durable: true,
  }
  readonly #disk: Disk
  readonly #process: CrashingProcess
  readonly #visible: Map<string, { value: string; revision: string }>
  #lazy: (readonly [string, Stored])[] = []

  constructor(disk: Disk, process: CrashingProcess) {
    this.#disk = disk
    this.#process = process
    this.#visible = new Map(disk.entries)
  }

  async get(key: string): Promise<Entry | undefined> {
    const found = this.#visible.get(key)
    return found === undefined
      ? undefined
      : { key, revision: found.revision, value: JSON.parse(found.value) as JsonValue }
  }

  async *list(prefix: string): AsyncIterable<Entry> {
    const keys = [...this.#visible.keys()].filter((key) => key.startsWith(prefix)).sort()
    for (const key of keys) {
      const entry = await this.get(key)
      if (entry !== undefined) yield entry
    }
  }

  async create(key: string, value: JsonValue, call: WriteCall = {}): Promise<string> {
    if (this.#visible.has(key)) throw new PouchError('already-exists', `${key} is there`)
    return await this.#write(key, value, call)
  }

  async compareAndSet(key: string, value: JsonValue, revision: string, call: WriteCall = {}): Promise<string> {
    this.#expect(key, revision)
    return await this.#write(key, value, call)
  }

  async delete(key: string, revision: string, call: WriteCall = {}): Promise<void> {
    this.#expect(key, revision)
    this.#visible.delete(key)
    await this.#persist(key, undefined, call)
  }

  /** Visible at once, durable together. */
  async batch(operations: readonly StoreOperation[], call: WriteCall = {}): Promise<(string | undefined)[]> {
    for (const operation of operations) {
      if (operation.type === 'create' && this.#visible.has(operation.key))
        throw new PouchError('already-exists', operation.key)
      if (operation.type !== 'create') this.#expect(operation.key, operation.revision)
    }
    const revisions = operations.map((operation) => {
      if (operation.type === 'delete') {
        this.#visible.delete(operation.key)
        this.#lazy.push([operation.key, undefined])
        return undefined
      }
      const stored = { value: JSON.stringify(operation.value), revision: this.#disk.nextRevision() }
      this.#visible.set(operation.key, stored)
      this.#lazy.push([operation.key, stored])
      return stored.revision
    })
    await this.#sync(call)
    return revisions
  }

  watch(): AsyncIterable<Change> {
    throw new PouchError('unsupported', 'no watches here')
  }

  async close(): Promise<void> {
    if (!this.#process.isDead) this.#flush()
  }

  async #write(key: string, value: JsonValue, call: WriteCall): Promise<string> {
    const stored = { value: JSON.stringify(value), revision: this.#disk.nextRevision() }
    this.#visible.set(key, stored)
    await this.#persist(key, stored, call)
    return stored.revision
  }

  async #persist(key: string, stored: Stored, call: WriteCall): Promise<void> {
    this.#lazy.push([key, stored])
    await this.#sync(call)
  }

  async #sync(call: WriteCall): Promise<void> {
    if (call.lazy === true) return
    await this.#process.step()
    this.#flush()
    this.#disk.syncs += 1
    await this.#process.step()
  }

  #flush(): void {
    for (const [key, stored] of this.#lazy) {
      if (stored === undefined) this.#disk.entries.delete(key)
      else this.#disk.entries.set(key, stored)
    }
    this.#lazy = []
  }

  #expect(key: string, revision: string): void {
    const found = this.#visible.get(key)
    if (found?.revision !== revision)
      throw new PouchError('conflict', `${key} has revision ${found?.revision}, not ${revision}`)
  }
}

/** What a driver has on the host, and outlives processes. */
export class Host {
  readonly volumes = new Set<string>()
  readonly mounts = new Map<string, Set<string>>()
  /** Volumes whose making or deleting a crash interrupted, and nobody finished. */
  readonly halves = new Set<string>()

  reboot(): void {
    this.mounts.clear()
  }
}

/** A driver whose process may die before, within and after each call. Notes every misuse by the engine. */
export function crashingDriver(
  host: Host,
  process: CrashingProcess,
  per: undefined | 'volume' | 'reference',
  misuse: string[],
): DriverDefinition {
  const busy = new Set<string>()
  const alone = async (volume: DriverVolume, work: () => Promise<void>) => {
    if (busy.has(volume.name)) misuse.push(`two calls at a time for ${volume.name}`)
    busy.add(volume.name)
    await process.step()
    await work()
    await process.step()
    busy.delete(volume.name)
  }
  const keyOf = ({ id }: ReferenceInfo) => (per === 'volume' ? 'volume' : id)
  const driver: Driver = {
    name: 'local',
    traits: { scope: 'local', durable: true, accessModes: ['single-node-writer'] },
    create: async (volume) => {
      await alone(volume, async () => {
        if (!host.volumes.has(volume.name)) host.halves.add(volume.name)
        await process.step()
        host.halves.delete(volume.name)
        host.volumes.add(volume.name)
      })
      return { state: { made: volume.name } }
    },
    remove: async (volume) => {
      await alone(volume, async () => {
        if (host.mounts.has(volume.name)) misuse.push(`${volume.name} was removed while mounted`)
        if (host.volumes.delete(volume.name)) host.halves.add(volume.name)
        await process.step()
        host.halves.delete(volume.name)
      })
    },
    path: async (volume) => (per === undefined || host.mounts.has(volume.name) ? `/volumes/${volume.name}` : undefined),
    close: async () => undefined,
    ...(per === undefined
      ? {}
      : {
          mounts: {
            per,
            mount: async (volume, reference) => {
              await alone(volume, async () => {
                if (!host.volumes.has(volume.name)) misuse.push(`${volume.name} was mounted and is not there`)
                const mounts = host.mounts.get(volume.name) ?? new Set()
                host.mounts.set(volume.name, mounts.add(keyOf(reference)))
              })
              return { path: `/mounts/${volume.name}/${keyOf(reference)}`, state: { mounted: keyOf(reference) } }
            },
            unmount: async (volume, reference) => {
              await alone(volume, async () => {
                const mounts = host.mounts.get(volume.name)
                mounts?.delete(keyOf(reference))
                if (mounts?.size === 0) host.mounts.delete(volume.name)
              })
            },
          },
        }),
  }
  return { contract: 1, name: 'local', options: {}, open: async () => driver }
}

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { isAbsolute, resolve } from 'node:path'
import { PouchError } from '@pouch/errors'
import { createEmitter } from '@pouch/events'
import { makeDirectories } from '@pouch/file-tree'
import { type MetadataStore, memoryStore } from '@pouch/store'
import { Adoption } from './adoption.js'
import { Catalogue } from './catalogue.js'
import { Cloning } from './cloning.js'
import { Core } from './core.js'
import { Creation } from './creation.js'
import type { DriverDefinition, Logger } from './driver.js'
import type { DriverSource } from './driver-source.js'
import { type DriverInfo, DriverTable } from './driver-table.js'
import { driversHealth } from './drivers-health.js'
import { engineIdOf } from './engine-id.js'
import type { EngineParts } from './engine-parts.js'
import { Exports } from './exports.js'
import { Filling } from './filling.js'
import { Imports } from './imports.js'
import { Inspection } from './inspection.js'
import { Intents } from './intents.js'
import { Inventory } from './inventory.js'
import { LateDrivers } from './late-drivers.js'
import { LateRecovery } from './late-recovery.js'
import { Measuring } from './measuring.js'
import { Migration } from './migration.js'
import { Mounts } from './mounts.js'
import { NameLocks } from './name-locks.js'
import { OperationGate } from './operation-gate.js'
import { Pruning } from './pruning.js'
import { recordedSecretsOf } from './recorded-secrets.js'
import { Recovery } from './recovery.js'
import { References } from './references.js'
import { Removal } from './removal.js'
import { Renaming } from './renaming.js'
import { checkedTimeoutMs } from './requests.js'
import { silentLogger } from './silent-logger.js'
import { Snapshots } from './snapshots.js'
import { Updates } from './updates.js'
import type { VolumeCall } from './volume.js'
import type { VolumeEmitter, VolumeEvents } from './volume-events.js'
import { createVolumeManager, type VolumeManager } from './volume-manager.js'
import type { DriverHealth } from './volume-requests.js'
import { VolumeTable } from './volume-table.js'
import { VolumeViews } from './volume-views.js'

/** Options of {@link createVolumeEngine}. */
export interface VolumeEngineOptions {
  /** A directory of the engine's own, absolute; made when absent. Drivers keep their volumes below it. */
  readonly home: string
  /** The drivers, by value: `[local(), tmpfs()]`. */
  readonly drivers: readonly DriverDefinition[]
  /** Asked, in this order, for drivers that are not among those, when their names are first used. */
  readonly driverSources?: readonly DriverSource[] | undefined
  /** Where the records are; the caller closes it, after the engine. One engine a store. Without one they live in memory. */
  readonly store?: MetadataStore | undefined
  /** The driver of volumes that name none; `local` unless told. */
  readonly defaultDriver?: string | undefined
  /** Which host this is, in references; the system's name unless told. */
  readonly hostName?: string | undefined
  /** Told what goes wrong besides what is thrown. Without one nothing is logged. */
  readonly log?: Logger | undefined
  /** Milliseconds since 1970; the system's unless told. */
  readonly clock?: (() => number) | undefined
  /** Milliseconds that one call of a driver may take, and one wait for a volume; 120,000 unless told. */
  readonly timeoutMs?: number | undefined
}

/** Volumes, in this process. Made by {@link createVolumeEngine}. */
export interface VolumeEngine extends AsyncDisposable {
  readonly volumes: VolumeManager
  readonly events: VolumeEmitter
  /** Made once for a store: 32 hex digits. */
  readonly engineId: string
  /** The drivers, those that could not be opened too. */
  drivers(): readonly DriverInfo[]
  /** How each driver's backend is, now; a driver that does not answer within 2 s has an error. Never rejects for the sake of one. */
  health(call?: VolumeCall): Promise<DriverHealth[]>
  /** Waits for the operations in flight and closes the drivers. Mounted volumes stay mounted. May be called twice. */
  close(): Promise<void>
}

/**
 * Opens a volume engine: opens the drivers, reads the records and brings to rest what a crash left.
 *
 * A driver that cannot be opened is disabled alone; {@link VolumeEngine.drivers} tells why.
 *
 * @throws PouchError `invalid-argument` for a bad option or a malformed or duplicate driver, `unsupported` for a driver of a newer
 *   contract or a store that cannot compare and set, and what the store throws
 */
export async function createVolumeEngine(options: VolumeEngineOptions): Promise<VolumeEngine> {
  const home = await ownDirectory(options.home)
  const log = options.log ?? silentLogger
  const store = options.store ?? memoryStore()
  if (!store.capabilities.compareAndSet) throw unfitStore()
  const clock = options.clock ?? Date.now
  const hostName = options.hostName ?? hostname()
  const timeoutMs = checkedTimeoutMs(options.timeoutMs ?? 120_000)
  const engineId = await engineIdOf(store)
  const volumes = new VolumeTable(store, log)
  await volumes.load()
  const secretsOf = (definition: DriverDefinition) => recordedSecretsOf(volumes, definition.name, definition)
  const around = { home, engineId, hostName, store, log, clock, timeoutMs: Math.min(timeoutMs, 30_000), secretsOf }
  const drivers = await DriverTable.open(options.drivers, options.defaultDriver ?? 'local', around)
  const late = new LateDrivers(drivers, options.driverSources ?? [], around)
  const events = createEmitter<VolumeEvents>((error, event) => log.warn({ err: error, event }, 'a listener failed'))
  const engine = assemble(
    { volumes, drivers, late, locks: new NameLocks(), runId: randomUUID(), events, log, clock, hostName, timeoutMs },
    engineId,
  )
  await engine.boot()
  return engine.opened
}

interface Assembly {
  readonly opened: VolumeEngine
  boot(): Promise<void>
}

function assemble(parts: EngineParts, engineId: string): Assembly {
  const gate = new OperationGate()
  const intents = new Intents(parts)
  const mounts = new Mounts(parts)
  const recovery = new Recovery(parts, intents, mounts)
  const lateRecovery = new LateRecovery(parts, recovery)
  const views = new VolumeViews(parts)
  const inventory = new Inventory(parts)
  const adoption = new Adoption(parts, inventory)
  const removal = new Removal(parts, intents, recovery)
  const core = new Core(parts, { recovery, views, inventory, adoption, removal })
  const creation = new Creation(parts, { core, intents, inventory, adoption })
  const filling = new Filling(parts, intents, mounts)
  const exports = new Exports(parts, core, mounts)
  const references = new References(parts, core, mounts, views)
  const measuring = new Measuring(parts, core)
  const catalogue = new Catalogue(parts, { views, inventory })
  const volumes = createVolumeManager({
    core,
    creation,
    references,
    catalogue,
    pruning: new Pruning(parts, core, measuring),
    inspection: new Inspection(parts, { core, catalogue, inventory, measuring }),
    updates: new Updates(parts, core),
    renaming: new Renaming(parts, core, inventory),
    cloning: new Cloning(parts, { core, creation, filling }),
    snapshots: new Snapshots(parts, core, views),
    exports,
    imports: new Imports(parts, { core, creation, filling, mounts }),
    migration: new Migration(parts, core, mounts),
    gate,
  })
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= gate
      .shut()
      .then(() => exports.close())
      .then(() => inventory.close())
      .then(() => lateRecovery.close())
      .then(() => parts.drivers.close())
    return closing
  }
  const boot = async () => {
    await recovery.boot()
    lateRecovery.begin()
  }
  const drivers = () => parts.drivers.infos()
  const health = (call: VolumeCall = {}) => gate.run('engine.health', () => driversHealth(parts, call))
  const opened: VolumeEngine = {
    health,
    volumes,
    events: parts.events,
    engineId,
    drivers,
    close,
    [Symbol.asyncDispose]: close,
  }
  return { opened: Object.freeze(opened), boot }
}

async function ownDirectory(home: unknown): Promise<string> {
  if (typeof home !== 'string' || !isAbsolute(home)) {
    const text = `the home of a volume engine is an absolute path, not ${JSON.stringify(home)}`
    throw new PouchError('invalid-argument', text, { op: 'engine.open', subject: String(home) })
  }
  const path = resolve(home)
  try {
    await makeDirectories(path, 0o710)
    return path
  } catch (error) {
    throw PouchError.from(error, { message: `the home ${path} cannot be made`, op: 'engine.open', subject: path })
  }
}

function unfitStore(): PouchError {
  const text = 'the volume engine needs a store that can compare and set, and this one cannot: use SQLite, or memory'
  return new PouchError('unsupported', text, { op: 'engine.open', details: { capability: 'compareAndSet' } })
}

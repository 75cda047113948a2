import { availableParallelism } from 'node:os'
import { encodeRuncOptions } from '@pouch/ctrd-client'
import type { TypedEmitter } from '@pouch/events'
import type { ContainerEntry } from './container-entry.js'
import type { ContainerEvents } from './container-events.js'
import type { ContainerManagerOptions } from './container-manager.js'
import { ContainerRegistry } from './container-registry.js'
import { ContainerStore } from './container-store.js'
import { ContainerStreams } from './container-streams.js'
import { ContainerdEvents } from './containerd-events.js'
import { ContainerdObjects } from './containerd-objects.js'
import { Creation } from './creation.js'
import { Execs } from './execs.js'
import { Exits } from './exits.js'
import { Launch } from './launch.js'
import type { ManagerContext } from './manager-context.js'
import { Recovery } from './recovery.js'
import { Removal } from './removal.js'
import type { Logger } from './sources.js'
import { readHostLimits } from './spec/host-limits.js'
import { StrayShims } from './stray-shims.js'
import { Semaphore } from './sync/semaphore.js'
import { TaskResidue } from './task-residue.js'
import { Termination } from './termination.js'
import { VolumeClaims } from './volume-claims.js'

/** The parts of a container manager, put together. */
export interface ManagerParts {
  /** Removes a container that has ended, or could not begin, if it is one that removes itself. */
  readonly removeItself: (entry: ContainerEntry) => Promise<void>
  readonly context: ManagerContext
  readonly creation: Creation
  readonly launch: Launch
  readonly exits: Exits
  readonly termination: Termination
  readonly removal: Removal
  readonly recovery: Recovery
  readonly strayShims: StrayShims
  readonly execs: Execs
  readonly streams: ContainerStreams
  readonly containerdEvents: ContainerdEvents
}

const mebibyte = 1024 * 1024
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Makes the parts and hands each what it needs. */
export function composeManager(
  options: ContainerManagerOptions,
  events: TypedEmitter<ContainerEvents>,
  closing: AbortSignal,
): ManagerParts {
  const context = contextOf(options, events, closing)
  const claims = new VolumeClaims(context.volumes, context.log)
  const objects = new ContainerdObjects(context)
  const termination = new Termination(context)
  const removeEnded = (entry: ContainerEntry) => afterExit(context, entry, () => removal.finish(entry, true))
  const exits = new Exits(context, claims, removeEnded)
  const launch = new Launch(context, claims, objects, exits)
  const creation = new Creation(context, claims, objects)
  const execs = new Execs(context, objects)
  const removal: Removal = new Removal(context, { claims, objects, exits, termination, execs })
  const residue = new TaskResidue({
    namespace: options.containerd.namespace,
    runcRoot: options.runtimeOptions?.root ?? '/run/containerd/runc',
    runcBinary: options.runtimeOptions?.binaryName ?? 'runc',
    log: context.log,
  })
  const strayShims = new StrayShims(context, exits, residue)
  const recovery = new Recovery(context, { claims, creation, launch, exits, removal, strayShims })
  const streams = new ContainerStreams(context)
  const containerdEvents = new ContainerdEvents(context, exits, strayShims)
  return {
    context,
    creation,
    launch,
    exits,
    termination,
    removal,
    recovery,
    strayShims,
    execs,
    streams,
    containerdEvents,
    removeItself: removeEnded,
  }
}

/** A container that removes itself goes now, unless somebody removes or restarts it already. */
async function afterExit({ log }: ManagerContext, entry: ContainerEntry, remove: () => Promise<void>): Promise<void> {
  if (!entry.record.config.autoRemove || entry.isRemoving || entry.isRestarting) return
  entry.isRemoving = true
  try {
    await entry.lock.run(remove)
  } catch (error) {
    entry.isRemoving = false
    log.error({ err: error, container: entry.id }, 'a container could not remove itself')
  }
}

function contextOf(
  options: ContainerManagerOptions,
  events: TypedEmitter<ContainerEvents>,
  closing: AbortSignal,
): ManagerContext {
  const log = options.log ?? silent
  const { limits = {} } = options
  return {
    containerd: options.containerd,
    images: options.images,
    volumes: options.volumes,
    store: new ContainerStore(options.store, log),
    registry: new ContainerRegistry(),
    home: options.home,
    engineId: options.engineId,
    snapshotter: options.snapshotter ?? 'overlayfs',
    runtimeOptions: options.runtimeOptions === undefined ? undefined : encodeRuncOptions(options.runtimeOptions),
    log,
    clock: options.clock ?? Date.now,
    host: readHostLimits(),
    events,
    heavy: new Semaphore(limits.concurrency ?? 2 * availableParallelism()),
    closing,
    limits: {
      backlogBytes: limits.backlogBytes ?? 64 * mebibyte,
      readerBacklogBytes: limits.readerBacklogBytes ?? 1024 * mebibyte,
      execs: limits.execs ?? 64,
    },
  }
}

import { rm } from 'node:fs/promises'
import { hasCode, PouchError } from '@pouch/errors'
import type { ContainerEntry } from './container-entry.js'
import type { ContainerdObjects } from './containerd-objects.js'
import type { Execs } from './execs.js'
import type { Exits } from './exits.js'
import type { ManagerContext } from './manager-context.js'
import type { Termination } from './termination.js'
import type { VolumeClaims } from './volume-claims.js'

/** What a removal takes along. */
export interface RemoveOptions {
  /** Kill it first when it runs. */
  readonly force?: boolean | undefined
  /** Remove its anonymous volumes too. */
  readonly volumes?: boolean | undefined
}

/** The parts that a removal works through. */
export interface RemovalParts {
  readonly claims: VolumeClaims
  readonly objects: ContainerdObjects
  readonly exits: Exits
  readonly termination: Termination
  readonly execs: Execs
}

/** Removes containers. Once the intent is stored it is carried to the end, by the next boot if need be. */
export class Removal {
  readonly #context: ManagerContext
  readonly #parts: RemovalParts

  constructor(context: ManagerContext, parts: RemovalParts) {
    this.#context = context
    this.#parts = parts
  }

  /** @throws PouchError `conflict` while it runs and is not to be killed, or while another removal is under way */
  async remove(entry: ContainerEntry, options: RemoveOptions): Promise<void> {
    const options409 = { op: 'container.remove', subject: entry.id }
    if (entry.isRemoving)
      throw new PouchError('conflict', `removal of container ${entry.id} is already in progress`, options409)
    if (entry.isRunning && options.force !== true) throw runningError(entry)
    entry.isRemoving = true
    // Its log goes too: what is not written yet (on a full disk it never would be) holds nothing up.
    entry.run?.abandonLog()
    try {
      if (entry.isRunning) await this.#parts.termination.killAndWait(entry, entry.nextExit.promise)
      await entry.lock.run(() => this.finish(entry, options.volumes ?? false))
    } catch (error) {
      entry.isRemoving = false
      throw error
    }
  }

  /** Carries a removal out; it may be repeated. Call it under the lock. */
  async finish(entry: ContainerEntry, removeVolumes: boolean): Promise<void> {
    const { containerd, snapshotter, store, registry, events } = this.#context
    const { claims, objects, exits, execs } = this.#parts
    const { record, id } = entry
    await exits.settleLeftovers(entry)
    // One that removes itself is removed by the next boot in whatever state it is found.
    const lazy = record.config.autoRemove && removeVolumes
    if (record.intent !== 'removing') await entry.update({ intent: 'removing', removeVolumes }, { lazy })
    await Promise.all([absent(containerd.containers.delete(id)), claims.release(record.volumes)])
    await absent(containerd.snapshots(snapshotter).remove(id))
    if (removeVolumes) await claims.removeAnonymous(record.volumes)
    await rm(entry.directory, { recursive: true, force: true })
    await store.delete(entry.record, { lazy: true })
    registry.delete(entry)
    objects.forget(id)
    execs.forget(entry)
    entry.nextRun.resolve(undefined)
    events.emit('container.removed', entry.container())
    entry.removed.resolve({ exitCode: entry.state.exitCode })
    entry.settleExit({ exitCode: entry.state.exitCode })
  }
}

function runningError({ id, state }: ContainerEntry): PouchError {
  const message =
    state.status === 'paused'
      ? `You cannot remove a paused container ${id}. Unpause and then stop the container before attempting removal or force remove`
      : `You cannot remove a running container ${id}. Stop the container before attempting removal or force remove`
  return new PouchError('conflict', message, { op: 'container.remove', subject: id })
}

async function absent(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error
  }
}

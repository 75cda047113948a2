import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { TaskInfo } from '@pouch/ctrd-client'
import { hasCode } from '@pouch/errors'
import { mountsUnder, unmount } from '@pouch/mount'
import { ContainerEntry } from './container-entry.js'
import type { ContainerRecord } from './container-record.js'
import type { Creation } from './creation.js'
import type { Exits } from './exits.js'
import type { Launch } from './launch.js'
import { containerLabel, directoryOf, engineLabel, type ManagerContext } from './manager-context.js'
import type { Removal } from './removal.js'
import { viewPrefix } from './rootfs-view.js'
import type { StrayShims } from './stray-shims.js'
import { RunStreams, type RunStreamsOptions } from './streams/run-streams.js'
import { referencePrefix, type VolumeClaims } from './volume-claims.js'

/** The parts that boot works through. */
export interface RecoveryParts {
  readonly claims: VolumeClaims
  readonly creation: Creation
  readonly launch: Launch
  readonly exits: Exits
  readonly removal: Removal
  readonly strayShims: StrayShims
}

const idPattern = /^[0-9a-f]{64}$/
const sigkill = 9

/**
 * Brings the records and the world together at boot: running containers are taken over, those that ended meanwhile get their exit
 * codes, what was begun is finished or undone, and what is ours and belongs to nobody is removed. Objects of other engines are
 * not touched.
 */
export class Recovery {
  readonly #context: ManagerContext
  readonly #parts: RecoveryParts

  constructor(context: ManagerContext, parts: RecoveryParts) {
    this.#context = context
    this.#parts = parts
  }

  /** @throws PouchError `unavailable` when containerd does not answer */
  async run(): Promise<void> {
    const { store, containerd, log } = this.#context
    await this.#unmountViews()
    const records = await store.load()
    const tasks = new Map((await containerd.tasks.list()).map((task) => [task.id, task]))
    const objects = new Set(
      (await containerd.containers.list([`labels."${engineLabel}"==${this.#context.engineId}`])).map(({ id }) => id),
    )
    await Promise.all(
      records.map(async (record) => {
        try {
          await this.#recover(record, tasks.get(record.id), objects.has(record.id))
        } catch (error) {
          if (hasCode(error, 'unavailable')) throw error
          log.error({ err: error, container: record.id }, 'a container could not be brought up to date')
        }
      }),
    )
    await this.#sweep(new Set(records.map(({ id }) => id)), objects)
    this.#parts.strayShims.reap(
      records,
      records.some((record) => wasCutShort(record, tasks.get(record.id))),
    )
  }

  async #recover(record: ContainerRecord, task: TaskInfo | undefined, isWhole: boolean): Promise<void> {
    const { home, store, registry } = this.#context
    const directory = directoryOf(home, record.id)
    if (record.intent === 'creating' && !isWhole) return this.#parts.creation.undo(record, directory)
    const entry = new ContainerEntry(record, directory, store)
    registry.add(entry)
    await rm(join(directory, 'exec'), { recursive: true, force: true })
    await entry.lock.run(() => this.#settle(entry, task))
    if (!entry.isRunning && entry.record.config.autoRemove && entry.state.startedAt !== undefined) {
      await entry.lock.run(() => this.#parts.removal.finish(entry, true))
    }
  }

  async #settle(entry: ContainerEntry, task: TaskInfo | undefined): Promise<void> {
    const { exits, removal, claims } = this.#parts
    const { intent } = entry.record
    if (intent === 'removing') {
      await exits.discardTask(entry)
      await removal.finish(entry, entry.record.removeVolumes ?? false)
    } else if (task?.status === 'running' || task?.status === 'paused') await this.#adopt(entry, task)
    else if (entry.isRunning || task?.status === 'stopped') await this.#bury(entry, task)
    else if (intent === 'starting') {
      await exits.discardTask(entry)
      await entry.update({ intent: undefined })
    } else {
      await this.#drain(entry)
      await claims.unmount(entry.record.volumes)
      if (intent !== undefined) await entry.update({ intent: undefined }, { lazy: true })
    }
  }

  /** It runs: its streams are taken up and its end is waited for. */
  async #adopt(entry: ContainerEntry, task: TaskInfo): Promise<void> {
    const { containerd, log } = this.#context
    const isPaused = entry.state.status === 'paused'
    entry.run = RunStreams.resume(this.#parts.launch.streamsOf(entry), true)
    // Frozen because its log was behind, by a process that died before it could thaw it.
    if (task.status === 'paused' && !isPaused) await containerd.tasks.resume(entry.id)
    if (isPaused) entry.releaseThrottle = await entry.run.throttle.hold()
    const startedAt = entry.record.intent === 'starting' ? undefined : entry.state.startedAt
    await entry.update(
      {
        intent: undefined,
        state: {
          status: isPaused ? 'paused' : 'running',
          pid: task.pid,
          startedAt: startedAt ?? new Date(this.#context.clock()).toISOString(),
          finishedAt: undefined,
          exitCode: 0,
        },
      },
      { lazy: true },
    )
    this.#parts.exits.watch(entry)
    log.info({ container: entry.id, pid: task.pid }, 'a running container was taken over')
  }

  /** It has ended meanwhile: the rest of its output goes into the log, its exit code into the record. */
  async #bury(entry: ContainerEntry, task: TaskInfo | undefined): Promise<void> {
    const streams = this.#parts.launch.streamsOf(entry)
    entry.run = await resumeIfThere(streams)
    if (!entry.isRunning)
      await entry.update(
        {
          state: {
            status: 'running',
            startedAt: entry.state.startedAt ?? new Date(this.#context.clock()).toISOString(),
          },
        },
        { lazy: true },
      )
    await this.#parts.exits.finish(
      entry,
      task === undefined ? undefined : { exitStatus: task.exitStatus, exitedAt: task.exitedAt },
    )
  }

  /** Its end was worked on, and not to the end: what is not in the log yet is still in the raw files, which go last. */
  async #drain(entry: ContainerEntry): Promise<void> {
    if (!existsSync(join(entry.directory, 'io', 'stdout'))) return
    entry.run = await resumeIfThere(this.#parts.launch.streamsOf(entry))
    await this.#parts.exits.endStreams(entry)
  }

  async #unmountViews(): Promise<void> {
    const directory = join(this.#context.home, 'containers')
    for (const { mountPoint } of (await mountsUnder(directory)).reverse()) {
      if (basename(mountPoint).startsWith(viewPrefix)) await unmount(mountPoint)
    }
  }

  async #sweep(known: ReadonlySet<string>, objects: ReadonlySet<string>): Promise<void> {
    const { log } = this.#context
    const orphans = [...objects].filter((id) => !known.has(id))
    for (const id of orphans) await this.#sweepOne('container', id, () => this.#removeObject(id))
    for (const key of await this.#orphanSnapshots(known))
      await this.#sweepOne('snapshot', key, () => this.#removeSnapshot(key))
    for (const name of await orphanDirectories(join(this.#context.home, 'containers'), known)) {
      await this.#sweepOne('directory', name, () =>
        rm(join(this.#context.home, 'containers', name), { recursive: true, force: true }),
      )
    }
    for (const { volume, reference } of await this.#context.volumes.references()) {
      if (!reference.id.startsWith(referencePrefix) || known.has(reference.holder)) continue
      log.warn({ volume, holder: reference.holder }, 'a reference of no container was given back')
      await this.#parts.claims.release([claimOf(volume, reference.id)])
    }
  }

  async #sweepOne(kind: string, id: string, remove: () => Promise<void>): Promise<void> {
    const { log } = this.#context
    try {
      await remove()
      log.warn({ [kind]: id }, `a ${kind} of this engine that belonged to no container was removed`)
    } catch (error) {
      log.error(
        { err: error, [kind]: id },
        `a ${kind} of this engine that belongs to no container could not be removed`,
      )
    }
  }

  async #removeObject(id: string): Promise<void> {
    const { tasks, containers } = this.#context.containerd
    const task = await tasks.get(id)
    if (task !== undefined && task.status !== 'stopped') {
      const ended = tasks.wait(id)
      await tasks.kill(id, sigkill, { all: true })
      await ended
    }
    if (task !== undefined) await tasks.delete(id)
    await containers.delete(id)
  }

  async #orphanSnapshots(known: ReadonlySet<string>): Promise<string[]> {
    const { containerd, snapshotter, engineId } = this.#context
    const orphans: string[] = []
    for await (const { name, labels } of containerd
      .snapshots(snapshotter)
      .list([`labels."${engineLabel}"==${engineId}`])) {
      const owner = labels[containerLabel]
      if (owner !== undefined && !known.has(owner)) orphans.push(name)
    }
    return orphans
  }

  async #removeSnapshot(key: string): Promise<void> {
    const { containerd, snapshotter } = this.#context
    await containerd.snapshots(snapshotter).remove(key)
  }
}

/** Whether containerd may still have been at work for this container when its engine died. */
function wasCutShort({ intent, state }: ContainerRecord, task: TaskInfo | undefined): boolean {
  const seemsToRun = state.status === 'running' || state.status === 'paused'
  return intent !== undefined || seemsToRun !== (task !== undefined)
}

async function resumeIfThere(options: RunStreamsOptions): Promise<RunStreams | undefined> {
  try {
    return RunStreams.resume(options, false)
  } catch (error) {
    // The directory is gone: the end was worked on before.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function orphanDirectories(parent: string, known: ReadonlySet<string>): Promise<string[]> {
  const names = await readdir(parent)
  return names.filter((name) => idPattern.test(name) && !known.has(name))
}

function claimOf(volume: string, referenceId: string): Parameters<VolumeClaims['release']>[0][number] {
  return {
    volume,
    referenceId,
    target: '',
    driver: '',
    readOnly: false,
    noCopy: true,
    anonymous: false,
    mode: '',
    source: '',
  }
}

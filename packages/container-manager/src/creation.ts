import { randomBytes } from 'node:crypto'
import { rm, stat } from 'node:fs/promises'
import type { Mount } from '@pouch/ctrd-client'
import { hasCode, PouchError, throwIfAborted } from '@pouch/errors'
import { completeConfig } from './config/merge.js'
import { type MountPlan, planMounts } from './config/mount-plan.js'
import { refused } from './config/refused.js'
import { checkConfigShape } from './config/shape.js'
import { validateConfig } from './config/validate.js'
import type { CompletedConfig, ContainerConfig } from './container-config.js'
import { ContainerEntry } from './container-entry.js'
import { checkName, generateName } from './container-name.js'
import { type ContainerRecord, recordSchema } from './container-record.js'
import { nameTaken } from './container-registry.js'
import type { ContainerdObjects } from './containerd-objects.js'
import { copyUp } from './copy-up.js'
import { containerLabel, directoryOf, engineLabel, type ManagerContext, timestamp } from './manager-context.js'
import { writeNetworkFiles } from './network-files.js'
import { withRootfsView } from './rootfs-view.js'
import type { ResolvedImage } from './sources.js'
import { findInit } from './spec/init.js'
import { resourceWarnings } from './spec/resources.js'
import { rlimitsOf } from './spec/rlimits.js'
import { planClaims, type VolumeClaims } from './volume-claims.js'

/** Options of {@link Creation.create}. */
export interface CreateOptions {
  readonly name?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes containers. The record is stored first, with the intent `creating` and everything that is needed to take it back; the
 * containerd object comes last, so that its presence tells boot that the container is whole.
 */
export class Creation {
  readonly #context: ManagerContext
  readonly #claims: VolumeClaims
  readonly #objects: ContainerdObjects

  constructor(context: ManagerContext, claims: VolumeClaims, objects: ContainerdObjects) {
    this.#context = context
    this.#claims = claims
    this.#objects = objects
  }

  async create(config: ContainerConfig, options: CreateOptions): Promise<{ id: string; warnings: string[] }> {
    checkConfigShape(config)
    if (!config.image) throw refused('Config.Image cannot be empty: name the image of the container', 'image')
    const { images, host, registry } = this.#context
    const named = options.name ? checkName(options.name) : undefined
    if (named !== undefined) registry.requireFreeName(named)
    const image = await images.resolve(config.image, options.signal)
    const id = randomBytes(32).toString('hex')
    const completed = completeConfig(config, image.config, id, host)
    const warnings = [
      ...validateConfig(completed, host),
      ...resourceWarnings(completed.resources, host),
      ...rlimitsOf(completed.ulimits, host).warnings,
    ]
    const plan = planMounts(completed)
    await checkSources(plan)
    if (completed.init) findInit()
    throwIfAborted(options.signal, { op: 'container.create', subject: id })
    await this.#named(named, id, (name) =>
      this.#make({ id, name, image, config: completed, plan, signal: options.signal }),
    )
    return { id, warnings }
  }

  async #named(wanted: string | undefined, id: string, make: (name: string) => Promise<void>): Promise<void> {
    const { registry } = this.#context
    if (wanted !== undefined) return registry.reserving(wanted, id, () => make(wanted))
    let attempt = 0
    let name = generateName(attempt)
    while (!registry.isFree(name)) {
      attempt += 1
      name = generateName(attempt)
    }
    await registry.reserving(name, id, () => make(name))
  }

  async #make(request: MakeRequest): Promise<void> {
    const { id, plan, image, signal } = request
    const { images, store, registry, home, events } = this.#context
    const parentSnapshot = await images.unpack(image.id, signal)
    const record = this.#recordOf(request, parentSnapshot)
    await store.create(record).catch((error: unknown) => {
      throw hasCode(error, 'already-exists') ? nameTaken(record.name, 'unknown') : error
    })
    const entry = new ContainerEntry(record, directoryOf(home, id), store)
    try {
      const volumes = await this.#claims.reserve(id, record.volumes, plan.volumes, signal)
      const mounts = await this.#prepare(record, signal)
      await writeNetworkFiles(entry.directory, record.config)
      await this.#fillVolumes({ ...record, volumes }, mounts, entry.directory, signal)
      throwIfAborted(signal, { op: 'container.create', subject: id })
      await this.#objects.create({ ...record, volumes }, entry.directory, mounts)
      await entry.update({ volumes, intent: undefined }, { lazy: true })
    } catch (error) {
      await this.undo(record, entry.directory)
      throw PouchError.from(error, { op: 'container.create', subject: id, message: 'cannot create the container' })
    }
    registry.add(entry)
    events.emit('container.created', entry.container())
  }

  /** Takes back a container that was not made to the end; what it left is looked for and not assumed. */
  async undo(record: ContainerRecord, directory: string): Promise<void> {
    const { containerd, store, log, snapshotter } = this.#context
    try {
      await absent(containerd.containers.delete(record.id))
      await absent(containerd.snapshots(snapshotter).remove(record.id))
      await this.#claims.release(record.volumes)
      await this.#claims.removeAnonymous(record.volumes)
      await rm(directory, { recursive: true, force: true })
      await store.delete(record)
    } catch (error) {
      log.error(
        { err: error, container: record.id },
        'a container that could not be created could not be taken back either; the next start does',
      )
    }
  }

  #recordOf({ id, name, image, config, plan }: MakeRequest, parentSnapshot: string): ContainerRecord {
    return {
      schema: recordSchema,
      id,
      name,
      createdAt: timestamp(this.#context.clock),
      image: config.image,
      imageId: image.id,
      parentSnapshot,
      snapshotter: this.#context.snapshotter,
      config,
      args: [...(config.entrypoint ?? []), ...(config.command ?? [])],
      volumes: planClaims(id, plan.volumes),
      binds: plan.binds,
      tmpfs: plan.tmpfs,
      state: {
        status: 'created',
        pid: 0,
        exitCode: 0,
        error: '',
        oomKilled: false,
        startedAt: undefined,
        finishedAt: undefined,
      },
      intent: 'creating',
      restartCount: 0,
    }
  }

  async #prepare({ id, parentSnapshot }: ContainerRecord, signal: AbortSignal | undefined): Promise<Mount[]> {
    const { containerd, snapshotter, engineId, clock } = this.#context
    const labels = { [engineLabel]: engineId, [containerLabel]: id, 'containerd.io/gc.root': timestamp(clock) }
    return containerd.snapshots(snapshotter).prepare(id, parentSnapshot, { labels }, { signal })
  }

  /** Fills empty volumes with what the image has at their targets. */
  async #fillVolumes(
    record: ContainerRecord,
    mounts: readonly Mount[],
    directory: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { log } = this.#context
    const claims = record.volumes.filter(({ noCopy }) => !noCopy)
    if (claims.length === 0) return
    await withRootfsView(mounts, directory, async (root) => {
      for (const claim of claims) {
        const [mounted] = await this.#claims.mount([claim])
        try {
          if (mounted !== undefined) await copyUp(root, claim.target, mounted.source, { log, signal })
        } finally {
          await this.#claims.unmount([claim])
        }
      }
    })
  }
}

interface MakeRequest {
  readonly id: string
  readonly name: string
  readonly image: ResolvedImage
  readonly config: CompletedConfig
  readonly plan: MountPlan
  readonly signal: AbortSignal | undefined
}

/** A bind's source has to be there now, unless start is to make it. */
async function checkSources({ binds }: MountPlan): Promise<void> {
  for (const { source, createSource } of binds) {
    if (createSource === true) continue
    try {
      await stat(source)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        throw PouchError.from(error, { op: 'container.create', subject: source })
      throw refused(`invalid mount config for type "bind": bind source path does not exist: ${source}`, 'mounts')
    }
  }
}

async function absent(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error
  }
}

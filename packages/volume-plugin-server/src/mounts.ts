import { PouchError } from '@pouch/errors'
import type { Logger, Reference, VolumeCall, VolumeManager } from '@pouch/volume-core'
import { isMountHolder, referenceIdOf, repeatedIdOf } from './mount-holder.js'
import type { OwnVolumes } from './own-volumes.js'
import { Turns } from './turns.js'

/** What {@link Mounts} are made of. */
export interface MountParts {
  readonly volumes: VolumeManager
  readonly own: OwnVolumes
  readonly holder: string
  /** Whether a process of this host has a volume's directory mounted. */
  readonly isMountedElsewhere: (path: string) => Promise<boolean>
  readonly log: Logger
}

/**
 * The mounts of a plugin's clients, as references of the engine: so they are durable, and a volume that is mounted cannot be removed.
 *
 * A client pairs each Mount with an Unmount of the same ID, and may mount an ID that it has mounted already: Docker does so for `docker cp`
 * on a running container. So mounts are counted. The first is a mounted reference; each further one of the same ID only a reserved one,
 * and the driver sees one mount for an ID.
 */
export class Mounts {
  readonly #volumes: VolumeManager
  readonly #own: OwnVolumes
  readonly #holder: string
  readonly #isMountedElsewhere: (path: string) => Promise<boolean>
  readonly #log: Logger
  readonly #turns = new Turns()
  /** What was mounted since the last client came: a client that lives undoes it. */
  readonly #recent = new Set<string>()

  constructor(parts: MountParts) {
    this.#volumes = parts.volumes
    this.#own = parts.own
    this.#holder = parts.holder
    this.#isMountedElsewhere = parts.isMountedElsewhere
    this.#log = parts.log
  }

  /** Mounts for an ID, or counts one more mount of it. @returns where the volume is */
  async mount(name: string, mountId: string, call: VolumeCall): Promise<string> {
    const id = referenceIdOf(mountId)
    return await this.#turns.take(name, async () => {
      const held = await this.#held(name, id, 'mount', call)
      const first = held.find((reference) => reference.id === id)
      const path = first?.state === 'mounted' ? first.path : undefined
      if (path === undefined) return await this.#first(name, id, call)
      const repeated = unusedId(id, held)
      await this.#volumes.reserve(name, { holder: this.#holder, id: repeated }, call)
      this.#recent.add(keyOf(name, repeated))
      return path
    })
  }

  /**
   * Undoes one mount of an ID. An ID that mounts nothing is a success: the answer to an earlier Unmount may have been lost, and a client can
   * do nothing about it.
   */
  async unmount(name: string, mountId: string, call: VolumeCall): Promise<void> {
    const id = referenceIdOf(mountId)
    await this.#turns.take(name, async () => {
      const held = await this.#held(name, id, 'unmount', call)
      const repeated = held.filter((reference) => reference.id !== id).at(-1)
      if (held.length === 0) this.#log.info({ volume: name, mount: mountId }, 'an unmount of what is not mounted')
      if (repeated === undefined) await this.#volumes.detach(name, id, call)
      else await this.#volumes.release(name, repeated.id, call)
      this.#recent.delete(keyOf(name, repeated?.id ?? id))
    })
  }

  /** A client has started: what was mounted until now may be what it mounted before it crashed. */
  clientCame(): void {
    this.#recent.clear()
  }

  /**
   * Gives up the mounts of a volume that its clients will never undo: made before the last client came, and of which no process of the host
   * has anything mounted any more. Docker, killed and started again, sends no Unmount for the containers that died with it.
   *
   * @returns whether nothing holds the volume any more
   */
  async reclaim(name: string): Promise<boolean> {
    return await this.#turns.take(name, async () => {
      const { references, mountpoint } = await this.#own.get(name, 'remove', {})
      const isLost = ({ holder, id }: Reference) => isMountHolder(holder) && !this.#recent.has(keyOf(name, id))
      if (!references.every(isLost)) return false
      const paths = new Set([mountpoint, ...references.map(({ path }) => path)])
      for (const path of paths) if (path !== undefined && (await this.#isMountedElsewhere(path))) return false
      for (const { id } of references) await this.#volumes.detach(name, id)
      const mounts = references.map(({ id }) => id)
      this.#log.warn({ volume: name, mounts }, 'mounts were given up that no container has: their client had crashed')
      return true
    })
  }

  /**
   * Gives up the mounts of earlier boots of this host; with `all`, those of this boot too. A volume that fails is left for the next start:
   * it stays in use.
   */
  async forget(all: boolean): Promise<void> {
    for (const { volume, reference } of await this.#volumes.references()) {
      const { holder, id } = reference
      if (!isMountHolder(holder) || (holder === this.#holder && !all)) continue
      try {
        if ((await this.#own.find(volume, {})) === undefined) continue
        await this.#volumes.detach(volume, id)
        this.#log.info({ volume, reference: id, holder }, 'a mount was given up that no container has any more')
      } catch (error) {
        this.#log.warn({ volume, reference: id, err: error }, 'a mount that no container has could not be given up')
      }
    }
  }

  async #first(name: string, id: string, call: VolumeCall): Promise<string> {
    const { path } = await this.#volumes.attach(name, { holder: this.#holder, id }, call)
    this.#recent.add(keyOf(name, id))
    if (path !== undefined) return path
    const text = `mount ${name}: the engine mounted the volume and tells no path`
    throw new PouchError('internal', text, { op: 'plugin.mount', subject: name })
  }

  async #held(name: string, id: string, verb: string, call: VolumeCall): Promise<readonly Reference[]> {
    const { references } = await this.#own.get(name, verb, call)
    const repeated = repeatedIdOf(id, 0).slice(0, -1)
    return references.filter((reference) => reference.id === id || reference.id.startsWith(repeated))
  }
}

const keyOf = (name: string, id: string) => `${name}/${id}`

function unusedId(id: string, held: readonly Reference[]): string {
  const used = new Set(held.map((reference) => reference.id))
  let count = 2
  while (used.has(repeatedIdOf(id, count))) count += 1
  return repeatedIdOf(id, count)
}

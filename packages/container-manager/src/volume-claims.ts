import { createHash, randomBytes } from 'node:crypto'
import { hasCode } from '@pouch/errors'
import type { WantedVolume } from './config/mount-plan.js'
import type { VolumeClaim } from './container-record.js'
import type { Logger, VolumeSource } from './sources.js'
import type { HostMount } from './spec/mounts.js'

/** What a reference of ours begins with. */
export const referencePrefix = 'container-'

/** The claims that a container will have; nothing is done yet, so that they can be stored first. */
export function planClaims(id: string, wanted: readonly WantedVolume[]): VolumeClaim[] {
  return wanted.map(({ name, target, request, mode }) => ({
    volume: name ?? randomBytes(32).toString('hex'),
    referenceId: `${referencePrefix}${createHash('sha256').update(`${id} ${target}`).digest('hex').slice(0, 32)}`,
    target,
    driver: request.driver ?? '',
    readOnly: request.readOnly ?? false,
    noCopy: request.noCopy ?? false,
    anonymous: name === undefined,
    mode,
    source: '',
  }))
}

/** Takes and gives back the volumes of containers. Every step may be repeated. */
export class VolumeClaims {
  readonly #volumes: VolumeSource
  readonly #log: Logger

  constructor(volumes: VolumeSource, log: Logger) {
    this.#volumes = volumes
    this.#log = log
  }

  /** Makes the volumes that are not there and reserves all. @returns the claims with what is known now */
  async reserve(
    id: string,
    claims: readonly VolumeClaim[],
    wanted: readonly WantedVolume[],
    signal?: AbortSignal,
  ): Promise<VolumeClaim[]> {
    const reserved: VolumeClaim[] = []
    for (const [index, claim] of claims.entries()) {
      const request = wanted[index]?.request
      const volume = await this.#volumes.create(
        {
          name: claim.volume,
          ifExists: 'return',
          ...(request?.driver ? { driver: request.driver } : {}),
          ...(request?.options ? { options: request.options } : {}),
          labels: claim.anonymous ? { ...request?.labels, 'com.docker.volume.anonymous': '' } : (request?.labels ?? {}),
        },
        { signal },
      )
      await this.#volumes.reserve(
        claim.volume,
        { holder: id, id: claim.referenceId, readOnly: claim.readOnly },
        { signal },
      )
      reserved.push({ ...claim, driver: volume.driver, source: volume.mountpoint ?? '' })
    }
    return reserved
  }

  /** Mounts the volumes. @returns where each is; on failure none is left mounted */
  async mount(claims: readonly VolumeClaim[]): Promise<HostMount[]> {
    const mounts: HostMount[] = []
    try {
      for (const claim of claims) {
        const { path } = await this.#volumes.mount(claim.volume, claim.referenceId)
        mounts.push({
          source: path ?? claim.source,
          target: claim.target,
          readOnly: claim.readOnly,
          propagation: 'rprivate',
        })
      }
      return mounts
    } catch (error) {
      await this.unmount(claims)
      throw error
    }
  }

  /** Unmounts the volumes. A failure is reported, and tried again at the next boot. */
  async unmount(claims: readonly VolumeClaim[]): Promise<void> {
    for (const claim of claims) {
      await this.#tolerate('unmount', claim, () => this.#volumes.unmount(claim.volume, claim.referenceId))
    }
  }

  /** Gives the references back. */
  async release(claims: readonly VolumeClaim[]): Promise<void> {
    for (const claim of claims) {
      await this.#tolerate('unmount', claim, () => this.#volumes.unmount(claim.volume, claim.referenceId))
      await this.#tolerate('release', claim, () => this.#volumes.release(claim.volume, claim.referenceId))
    }
  }

  /** Removes the anonymous volumes that nobody else holds. */
  async removeAnonymous(claims: readonly VolumeClaim[]): Promise<void> {
    for (const claim of claims.filter(({ anonymous }) => anonymous)) {
      try {
        await this.#volumes.remove(claim.volume)
      } catch (error) {
        if (!hasCode(error, 'not-found') && !hasCode(error, 'in-use')) {
          this.#log.warn({ err: error, volume: claim.volume }, 'an anonymous volume could not be removed')
        }
      }
    }
  }

  /** What is gone already is as it should be; another failure is reported and does not keep the rest from being done. */
  async #tolerate(what: string, claim: VolumeClaim, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (hasCode(error, 'not-found')) return
      this.#log.error({ err: error, volume: claim.volume, reference: claim.referenceId }, `cannot ${what} a volume`)
    }
  }
}

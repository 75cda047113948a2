/** What travels over a plugin's socket, as Docker's daemon writes and reads it. */
import type { Volume, VolumeDetails } from '@pouch/volume-core'

/** The type of every answer. Clients do not look at it; some people do. */
export const contentType = 'application/vnd.docker.plugins.v1.2+json'

/** A request names a volume and a few options: whatever is larger is none. */
export const largestBodyBytes = 1024 * 1024

/** A volume in the answers of Get and List. */
export interface WireVolume {
  readonly Name: string
  /** Where it is on this host; empty while it is not mounted. */
  readonly Mountpoint: string
  readonly CreatedAt: string
  readonly Status?: Readonly<Record<string, unknown>>
}

/** A volume in a listing. */
export function wireVolume(volume: Volume): WireVolume {
  return { Name: volume.name, Mountpoint: volume.mountpoint ?? '', CreatedAt: volume.createdAt }
}

/**
 * A volume with what is told about it in `docker volume inspect`.
 *
 * @param details what its driver tells; without them, what the engine knows
 */
export function inspectedVolume(volume: Volume, details: VolumeDetails | undefined): WireVolume {
  const { sizeBytes, references, status } = volume
  return {
    ...wireVolume(volume),
    Status: {
      ...details?.status,
      ...details?.facts,
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      references: references.length,
      ...(status === undefined ? {} : { phase: status.phase, problem: status.error }),
    },
  }
}

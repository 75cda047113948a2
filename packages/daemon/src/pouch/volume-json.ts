import type { PouchSnapshot, PouchUsage, PouchVolume, PouchVolumeDetails, PouchVolumeUsage } from '@pouch/api'
import type { Snapshot, Usage, Volume, VolumeDetails, VolumeUsage } from '@pouch/volume-core'

/** A volume as Pouch's own routes show it. */
export function pouchVolume(volume: Volume): PouchVolume {
  const { mountpoint, sizeBytes, status } = volume
  return {
    name: volume.name,
    driver: volume.driver,
    options: { ...volume.options },
    labels: { ...volume.labels },
    createdAt: volume.createdAt,
    scope: volume.scope,
    anonymous: volume.anonymous,
    references: volume.references.map(({ path, ...reference }) => ({
      ...reference,
      ...(path === undefined ? {} : { path }),
    })),
    snapshotCount: volume.snapshotCount,
    ...(mountpoint === undefined ? {} : { mountpoint }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(status === undefined ? {} : { status: { phase: status.phase, error: status.error } }),
  }
}

/** What a volume is capable of, as Pouch's own routes show it. */
export function pouchDetails({ facets, facts, status, snapshots, error }: VolumeDetails): PouchVolumeDetails {
  return {
    facets: { ...facets },
    facts: { ...facts },
    snapshots: snapshots.map(pouchSnapshot),
    ...(status === undefined ? {} : { status: { ...status } }),
    ...(error === undefined ? {} : { error }),
  }
}

/** A snapshot as Pouch's own routes show it. */
export function pouchSnapshot({ sizeBytes, labels, ...snapshot }: Snapshot): PouchSnapshot {
  return { ...snapshot, labels: { ...labels }, ...(sizeBytes === undefined ? {} : { sizeBytes }) }
}

/** What a volume takes up, as Pouch's own routes show it. */
export function pouchUsage({ usedBytes, source, limitBytes, usedInodes, limitInodes }: Usage): PouchUsage {
  return {
    usedBytes,
    source,
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(usedInodes === undefined ? {} : { usedInodes }),
    ...(limitInodes === undefined ? {} : { limitInodes }),
  }
}

/** What one of several volumes takes up, as Pouch's own routes show it. */
export function pouchVolumeUsage({ volume, usage, error }: VolumeUsage): PouchVolumeUsage {
  return {
    volume,
    ...(usage === undefined ? {} : { usage: pouchUsage(usage) }),
    ...(error === undefined ? {} : { error }),
  }
}

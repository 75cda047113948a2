import type { Volume as DockerVolume } from '@pouch/api'
import type { Volume } from '@pouch/volume-core'

/** A volume as Docker shows it. */
export function volumeJson(volume: Volume): DockerVolume {
  const { status } = volume
  return {
    Name: volume.name,
    Driver: volume.driver,
    Mountpoint: volume.mountpoint ?? '',
    CreatedAt: volume.createdAt.replace(/\.\d+Z$/, 'Z'),
    ...(status === undefined ? {} : { Status: { phase: status.phase, error: status.error } }),
    Labels: orNull(volume.labels),
    Scope: volume.scope,
    Options: orNull(volume.options),
  }
}

// Docker writes null for a map that was not given.
function orNull(map: Readonly<Record<string, string>>): Record<string, string> | null {
  return Object.keys(map).length === 0 ? null : { ...map }
}

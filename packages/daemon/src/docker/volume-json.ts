import type { Volume as DockerVolume } from '@pouch/api'
import type { Volume, VolumeDetails } from '@pouch/volume-core'

/** A volume as Docker shows it. @param told what its backend tells about it; what is unfinished about it is added */
export function volumeJson(volume: Volume, told?: VolumeDetails['status']): DockerVolume {
  const { status } = volume
  const unfinished = status === undefined ? {} : { phase: status.phase, error: status.error }
  return {
    Name: volume.name,
    Driver: volume.driver,
    Mountpoint: volume.mountpoint ?? '',
    CreatedAt: volume.createdAt.replace(/\.\d+Z$/, 'Z'),
    ...(status === undefined && told === undefined ? {} : { Status: { ...told, ...unfinished } }),
    Labels: orNull(volume.labels),
    Scope: volume.scope,
    Options: orNull(volume.options),
  }
}

const texts = new WeakMap<Volume, string>()

/** The JSON of {@link volumeJson}. It is made once: a volume that changes is another object. */
export function volumeText(volume: Volume): string {
  const known = texts.get(volume)
  if (known !== undefined) return known
  const text = JSON.stringify(volumeJson(volume))
  texts.set(volume, text)
  return text
}

// Docker writes null for a map that was not given.
function orNull(map: Readonly<Record<string, string>>): Record<string, string> | null {
  return Object.keys(map).length === 0 ? null : { ...map }
}

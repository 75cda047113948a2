import { PouchError } from '@pouch/errors'
import type { DriverDefinition } from './driver.js'
import { type TypedOptions, typedOptions } from './options.js'
import type { CreateRequest } from './volume.js'
import { emptyMap, noReferences, type VolumeRecord } from './volume-record.js'

/** The label of a volume that was created without a name, as Docker has it. */
export const anonymousLabel = 'com.docker.volume.anonymous'

/** The record of a volume that is to be made. */
export function newRecord(name: string, driver: string, request: CreateRequest, nowMs: number): VolumeRecord {
  // A container's manager names the anonymous volumes that it asks for, to find them again after a crash.
  const isMarked = Object.hasOwn(request.labels ?? {}, anonymousLabel)
  const anonymous = request.name === undefined || request.name === '' || isMarked
  const labels = anonymous ? { ...request.labels, [anonymousLabel]: '' } : request.labels
  return {
    name,
    driver,
    options: copyOf(request.options),
    labels: copyOf(labels),
    createdAt: new Date(nowMs).toISOString(),
    anonymous,
    phase: 'creating',
    references: noReferences,
  }
}

/** The options of a volume, typed. @throws PouchError naming volume, driver and option */
export function checkedOptions(
  definition: DriverDefinition,
  name: string,
  options: Readonly<Record<string, string>>,
  verb = 'create',
): TypedOptions {
  try {
    return typedOptions(definition, options)
  } catch (cause) {
    const error = PouchError.from(cause)
    throw new PouchError(error.code, `${verb} ${name}: ${error.message}`, {
      op: `volume.${verb}`,
      subject: name,
      details: { ...error.details, driver: definition.name },
      cause,
    })
  }
}

/** A frozen copy of a caller's map. */
export function copyOf(map: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  return map === undefined || Object.keys(map).length === 0 ? emptyMap : Object.freeze({ ...map })
}

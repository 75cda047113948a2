import type { DriverDefinition } from './driver.js'
import type { EngineParts } from './engine-parts.js'
import type { PendingOperation, PlacedVolume } from './pending-operation.js'
import { secretsIn } from './secrets.js'
import type { VolumeTable } from './volume-table.js'

/**
 * What must not be told of the volumes of a driver that are recorded: whichever it was asked about, it may quote any of them. Looks at
 * every record, so it is for who has an error at hand. Longest first, so that none is masked in half.
 */
export function recordedSecrets({ volumes, drivers }: EngineParts, driver: string): readonly string[] {
  return recordedSecretsOf(volumes, driver, drivers.definitionOf(driver))
}

/** The same for a driver that is not open yet. */
export function recordedSecretsOf(
  volumes: VolumeTable,
  driver: string,
  definition: DriverDefinition | undefined,
): readonly string[] {
  const secrets = new Set<string>()
  for (const { record } of volumes.ordered()) {
    for (const placed of [record, placedBy(record.pending)]) {
      if (placed?.driver !== driver) continue
      for (const secret of secretsIn(definition, placed.options)) secrets.add(secret)
    }
  }
  return [...secrets].sort((one, other) => other.length - one.length)
}

/** The other place of a volume that is being migrated. */
function placedBy(pending: PendingOperation | undefined): PlacedVolume | undefined {
  if (pending?.kind === 'copy') return pending.target
  return pending?.kind === 'leave' ? pending.source : undefined
}

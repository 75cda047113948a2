import type { PouchVolumeCreateBody } from '@pouch/api'
import { write } from '../io.js'
import { parseLabels, parseOptions } from '../parse/key-value.js'
import { usageError } from '../parse/usage-error.js'
import type { Session } from '../session.js'
import { lacksRoute } from '../volume-usage.js'

/** The flags of `pouch volume create`. */
export interface VolumeCreateFlags {
  readonly name?: string
  readonly driver?: string
  readonly from?: string
  readonly inconsistent?: boolean
  readonly opt?: readonly string[]
  readonly option?: readonly string[]
  readonly label?: readonly string[]
  readonly selector?: readonly string[]
}

/**
 * `pouch volume create`: makes a volume and prints its name. A name that exists with another driver or other options is
 * refused; Docker's own daemon has no such check.
 */
export async function volumeCreate(
  { client, io }: Session,
  positional: string | undefined,
  flags: VolumeCreateFlags,
): Promise<undefined> {
  const name = positional ?? flags.name
  if (positional !== undefined && flags.name !== undefined && positional !== flags.name) {
    throw usageError('--name', flags.name, `the name '${positional}' was given too; give one of them`)
  }
  const from = flags.from === undefined ? undefined : sourceOf(flags.from, flags.inconsistent === true)
  if (flags.inconsistent === true && from === undefined) {
    throw usageError('--inconsistent', 'true', 'it belongs to --from, which is not given')
  }
  const driver = flags.driver ?? (from === undefined ? 'local' : undefined)
  const selectors = parseOptions(flags.selector ?? [], '--selector')
  const options = {
    ...parseOptions([...(flags.opt ?? []), ...(flags.option ?? [])], '--option'),
    ...Object.fromEntries(Object.entries(selectors).map(([key, value]) => [`selector.${key}`, value])),
  }
  const labels = parseLabels(flags.label ?? [])
  const named = name === undefined ? {} : { name }
  try {
    const volume = await client.pouch.createVolume({
      ...named,
      ...(driver === undefined ? {} : { driver }),
      ...(from !== undefined && Object.keys(options).length === 0 ? {} : { options }),
      labels,
      ...(from === undefined ? {} : { from }),
    })
    return await write(io.stdout, `${volume.name}\n`).then(() => undefined)
  } catch (error) {
    if (from !== undefined || !lacksRoute(error)) throw error
  }
  const body = { ...(name === undefined ? {} : { Name: name }), ...(driver === undefined ? {} : { Driver: driver }) }
  const volume = await client.volumes.create({ ...body, DriverOpts: options, Labels: labels })
  await write(io.stdout, `${volume.Name}\n`)
}

/** Reads `VOLUME` or `VOLUME@SNAPSHOT`; neither name may hold an `@`. */
function sourceOf(text: string, allowInconsistent: boolean): NonNullable<PouchVolumeCreateBody['from']> {
  const [volume = '', snapshot, ...rest] = text.split('@')
  if (volume === '' || snapshot === '' || rest.length > 0) {
    throw usageError('--from', text, 'write VOLUME or VOLUME@SNAPSHOT')
  }
  return {
    volume,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(allowInconsistent ? { allowInconsistent } : {}),
  }
}

import { hasCode } from '@pouch/errors'
import { write } from '../io.js'
import { parseLabels, parseOptions } from '../parse/key-value.js'
import { usageError } from '../parse/usage-error.js'
import type { Session } from '../session.js'

/** The flags of `pouch volume create`. */
export interface VolumeCreateFlags {
  readonly name?: string
  readonly driver?: string
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
  const { driver } = flags
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
      options,
      labels,
    })
    return await write(io.stdout, `${volume.name}\n`).then(() => undefined)
  } catch (error) {
    // Without a code in the body the answer came from a daemon that has no such route: Docker's own.
    if (!hasCode(error, 'not-found') || error.details.status !== 404) throw error
  }
  const body = { ...(name === undefined ? {} : { Name: name }), ...(driver === undefined ? {} : { Driver: driver }) }
  const volume = await client.volumes.create({ ...body, DriverOpts: options, Labels: labels })
  await write(io.stdout, `${volume.Name}\n`)
}

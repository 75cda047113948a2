import { write } from '../io.js'
import { parseOptions } from '../parse/key-value.js'
import type { Session } from '../session.js'
import { TransferMeter } from '../terminal/transfer-meter.js'

/** The flags of `pouch volume migrate`. */
export interface VolumeMigrateFlags {
  readonly driver: string
  readonly opt?: readonly string[]
  readonly option?: readonly string[]
}

/** `pouch volume migrate`: moves a volume to another driver, and prints its name. */
export async function volumeMigrate(
  { client, io }: Session,
  name: string,
  flags: VolumeMigrateFlags,
): Promise<undefined> {
  const options = parseOptions([...(flags.opt ?? []), ...(flags.option ?? [])], '--option')
  const meter = new TransferMeter(io.stderr, `migrating ${name}`)
  let shown: Promise<void> = Promise.resolve()
  const { name: moved } = await client.pouch.archives.migrate(
    name,
    { driver: flags.driver, options },
    {
      onProgress: ({ bytes, files }) => {
        shown = shown.then(() => meter.show(bytes, files))
      },
      onWarning: (message) => {
        shown = shown.then(() => meter.say(`WARNING: ${message}`))
      },
    },
  )
  await shown
  await meter.end()
  await write(io.stdout, `${moved}\n`)
}

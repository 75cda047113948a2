import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PouchError } from '@pouch/errors'
import { type Io, isTerminal, write } from '../io.js'
import { openInput } from '../open-input.js'
import { parseLabels, parseOptions } from '../parse/key-value.js'
import { usageError } from '../parse/usage-error.js'
import type { Session } from '../session.js'
import { TransferMeter } from '../terminal/transfer-meter.js'

/** The flags of `pouch volume import`. */
export interface VolumeImportFlags {
  readonly driver?: string
  readonly opt?: readonly string[]
  readonly option?: readonly string[]
  readonly label?: readonly string[]
}

/**
 * `pouch volume import`: makes a volume of a tar archive, and prints its name.
 *
 * @param first the archive; the name, when `second` is absent: the archive is then read from stdin
 */
export async function volumeImport(
  { client, io }: Session,
  first: string,
  second: string | undefined,
  flags: VolumeImportFlags,
): Promise<undefined> {
  const [file, name] = second === undefined ? ['-', first] : [first, second]
  const options = parseOptions([...(flags.opt ?? []), ...(flags.option ?? [])], '--option')
  const wanted = { name, driver: flags.driver ?? 'local', options, labels: parseLabels(flags.label ?? []) }
  if (file === '-' && isTerminal(io.stdin)) {
    throw usageError('FILE', file, 'stdin is a terminal; name a file, or pipe the archive in')
  }
  const archive = await openInput(file, io)
  const meter = new TransferMeter(io.stderr, `importing ${name}`, await sizeOf(file, io))
  const { volume, warnings } = await client.pouch.archives.import(meter.count(archive), wanted)
  await meter.end()
  for (const warning of warnings) await meter.say(`WARNING: ${warning}`)
  await write(io.stdout, `${volume.name}\n`)
}

async function sizeOf(file: string, io: Io): Promise<number | undefined> {
  if (file === '-') return undefined
  try {
    const found = await stat(resolve(io.cwd, file))
    return found.isFile() ? found.size : undefined
  } catch (error) {
    throw PouchError.from(error, { op: 'cli.open', subject: file, message: `cannot read ${file}` })
  }
}

import { isTerminal, write } from '../io.js'
import { openOutput } from '../open-output.js'
import { usageError } from '../parse/usage-error.js'
import type { Session } from '../session.js'
import { TransferMeter } from '../terminal/transfer-meter.js'
import { quickUsage } from '../volume-usage.js'

/** The flags of `pouch volume export`. */
export interface VolumeExportFlags {
  readonly output?: string
  readonly compress?: string
  readonly inconsistent?: boolean
}

/** `pouch volume export`: writes the content of a volume as a tar archive to stdout, or to a file that appears once it is whole. */
export async function volumeExport(session: Session, name: string, flags: VolumeExportFlags): Promise<undefined> {
  const { client, io } = session
  const compress = compressionOf(flags.compress)
  if (flags.output === undefined && isTerminal(io.stdout)) {
    throw usageError('--output', '', 'stdout is a terminal; give a file with -o, or pipe the archive on')
  }
  const output = flags.output === undefined ? undefined : await openOutput(flags.output, io)
  const total = isTerminal(io.stderr) && compress === undefined ? await quickUsage(session, name) : undefined
  const meter = new TransferMeter(io.stderr, `exporting ${name}`, total?.usedBytes)
  const warnings: string[] = []
  try {
    const archive = await client.pouch.archives.export(name, {
      compress,
      inconsistent: flags.inconsistent === true,
      onWarning: (message) => void warnings.push(message),
    })
    for await (const chunk of meter.count(archive)) await (output?.write(chunk) ?? write(io.stdout, chunk))
    await output?.finish()
    await meter.end()
  } catch (error) {
    await output?.discard()
    throw error
  } finally {
    for (const warning of warnings) await meter.say(`WARNING: ${warning}`)
  }
}

function compressionOf(text: string | undefined): 'gzip' | 'zstd' | undefined {
  if (text === undefined || text === 'gzip' || text === 'zstd') return text
  throw usageError('--compress', text, 'it is gzip or zstd')
}

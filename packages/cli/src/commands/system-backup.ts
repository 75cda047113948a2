import { isTerminal, write } from '../io.js'
import { openOutput } from '../open-output.js'
import { usageError } from '../parse/usage-error.js'
import type { Session } from '../session.js'
import { TransferMeter } from '../terminal/transfer-meter.js'

/** Volumes have secrets among their options. */
const privateMode = 0o600

/** `pouch system backup`: copies what the daemon knows into a file, which appears once it is whole, or to stdout. */
export async function systemBackup({ client, io }: Session, file: string | undefined): Promise<undefined> {
  const path = file === '-' ? undefined : file
  if (path === undefined && isTerminal(io.stdout)) {
    throw usageError('file', file ?? '', 'stdout is a terminal; give a file, or pipe the backup on')
  }
  const output = path === undefined ? undefined : await openOutput(path, io, privateMode)
  const meter = new TransferMeter(io.stderr, 'backing up')
  try {
    const backup = await client.pouch.backup()
    for await (const chunk of meter.count(backup)) await (output?.write(chunk) ?? write(io.stdout, chunk))
    await output?.finish()
    await meter.end()
  } catch (error) {
    await output?.discard()
    throw error
  }
}

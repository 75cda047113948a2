import type { FileHandle } from 'node:fs/promises'
import { runDiskProgram } from './disk-program.js'
import type { Step } from './step-error.js'

/** What {@link checkExt4} takes besides the file. */
interface CheckCall {
  readonly signal: AbortSignal | undefined
  readonly locked: FileHandle
}

/** Checks an ext4 that is not mounted, and mends what can be mended safely. @throws PouchError `corrupt` when more is wrong */
export async function checkExt4(file: string, { signal, locked }: CheckCall, step: Step): Promise<void> {
  const nothingOrMended = [0, 1]
  await runDiskProgram(
    { program: 'e2fsck', args: ['-f', '-p', file], accepts: nothingOrMended, failure: 'corrupt', signal, locked },
    step,
  )
}

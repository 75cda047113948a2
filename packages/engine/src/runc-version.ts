import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const timeoutMs = 2000

/**
 * The commit that runc says it was built of, or its version where it tells none; empty when there is no runc to ask.
 *
 * @param program looked for on the PATH
 */
export async function runcVersion(program = 'runc'): Promise<string> {
  try {
    const { stdout } = await run(program, ['--version'], { timeout: timeoutMs, killSignal: 'SIGKILL' })
    const told = (key: string) => new RegExp(`^${key}:? +(\\S+)$`, 'm').exec(stdout)?.[1]
    return told('commit') ?? told('runc version') ?? ''
  } catch {
    // It is shown where it is known; containers that need it say themselves what is wrong with it.
    return ''
  }
}

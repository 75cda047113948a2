import type { ContainerFlags } from './container-flags.js'
import { usageError } from './parse/usage-error.js'

/** Which of the process's streams are connected to ours. */
export interface ChosenStreams {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
}

/** The streams of `-a`, or the output and, with `-i`, the input. */
export function chosenStreams({ attach = [], interactive = false }: ContainerFlags, detached: boolean): ChosenStreams {
  if (detached) return { stdin: false, stdout: false, stderr: false }
  if (attach.length === 0) return { stdin: interactive, stdout: true, stderr: true }
  const names = attach.map((name) => name.toLowerCase())
  const wrong = names.find((name) => !['stdin', 'stdout', 'stderr'].includes(name))
  if (wrong !== undefined) throw usageError('--attach', wrong, 'it is stdin, stdout or stderr')
  return { stdin: names.includes('stdin'), stdout: names.includes('stdout'), stderr: names.includes('stderr') }
}

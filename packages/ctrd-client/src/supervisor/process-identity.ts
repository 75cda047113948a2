import { readdir, readFile } from 'node:fs/promises'

/** What tells a process apart from every other one that had or will have its pid. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks from boot to its start: field 22 of /proc/PID/stat. */
  readonly startTicks: string
  /** The boot that it was started in. */
  readonly bootId: string
}

/** The identity of a process that lives; undefined for one that is gone or only waits to be reaped. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readProc(`${pid}/stat`)
  if (stat === undefined) return undefined
  // The name in parentheses may hold spaces and parentheses: what follows the last one is fields from the third on.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const startTicks = fields[18]
  if (state === 'Z' || state === 'X' || startTicks === undefined) return undefined
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  return { pid, startTicks, bootId }
}

/** Whether this very process still lives. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(identity.pid)
  return now !== undefined && now.startTicks === identity.startTicks && now.bootId === identity.bootId
}

/** The arguments of a process, without its program's name. */
export async function processArguments(pid: number): Promise<readonly string[]> {
  const text = (await readProc(`${pid}/cmdline`)) ?? ''
  return text.split('\0').slice(1, -1)
}

/** The process that runs with exactly these arguments; undefined when there is none. */
export async function findProcess(args: readonly string[]): Promise<ProcessIdentity | undefined> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const found = await processArguments(Number(name))
    if (found.length === args.length && found.every((arg, index) => arg === args[index])) {
      const identity = await identifyProcess(Number(name))
      if (identity !== undefined) return identity
    }
  }
  return undefined
}

async function readProc(path: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${path}`, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}

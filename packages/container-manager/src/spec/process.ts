import type { OciCapabilities, OciProcess } from './oci-types.js'
import type { ResolvedUser } from './user.js'

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** What a process is made of; see {@link processOf}. */
export interface ProcessRequest {
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly hostname: string
  readonly tty: boolean
  readonly consoleSize?: { readonly width: number; readonly height: number } | undefined
  readonly workingDir: string
  readonly user: ResolvedUser
  readonly capabilities: readonly string[]
  readonly noNewPrivileges: boolean
  readonly rlimits: OciProcess['rlimits']
  readonly oomScoreAdj?: number | undefined
}

/** A process by Docker's rules: PATH, HOSTNAME, TERM and HOME are there unless set; a user that is not root gets no capability at once. */
export function processOf(request: ProcessRequest): OciProcess {
  const { user, consoleSize } = request
  return {
    terminal: request.tty,
    ...(consoleSize === undefined ? {} : { consoleSize: { height: consoleSize.height, width: consoleSize.width } }),
    user: { uid: user.uid, gid: user.gid, additionalGids: [...user.additionalGids] },
    args: [...request.args],
    env: environment(request),
    cwd: request.workingDir || '/',
    capabilities: capabilitySets(request.capabilities, user.uid),
    rlimits: [...request.rlimits],
    noNewPrivileges: request.noNewPrivileges,
    ...(request.oomScoreAdj === undefined ? {} : { oomScoreAdj: request.oomScoreAdj }),
  }
}

function environment({ env, hostname, tty, user }: ProcessRequest): string[] {
  const defaults = [defaultPath, `HOSTNAME=${hostname}`, ...(tty ? ['TERM=xterm'] : []), `HOME=${user.home || '/'}`]
  const given = new Set(env.map(nameOf))
  return [...defaults.filter((entry) => !given.has(nameOf(entry))), ...env]
}

const nameOf = (entry: string): string => entry.split('=', 1)[0] ?? entry

function capabilitySets(names: readonly string[], uid: number): OciCapabilities {
  const held = uid === 0 ? [...names] : []
  return { bounding: [...names], effective: held, permitted: held, inheritable: [], ambient: [] }
}

import { mergeEnv } from './config/merge.js'
import type { ExecConfig } from './container.js'
import { capabilitiesOf } from './spec/capabilities.js'
import type { HostLimits } from './spec/host-limits.js'
import type { OciProcess, OciSpec } from './spec/oci-types.js'
import { readAccounts, resolveUser } from './spec/user.js'

/**
 * The OCI process of an exec: as the container's own, with what the exec says instead.
 *
 * @param spec the specification that the container was started with
 * @param pid of the container's first process, through which its root is seen
 * @throws PouchError `invalid-argument` when the user is not in the container
 */
export function execProcess(
  config: ExecConfig,
  spec: OciSpec,
  pid: number,
  groupAdd: readonly string[],
  host: HostLimits,
): OciProcess {
  const own = spec.process
  const account = config.user ? resolveUser(config.user, groupAdd, readAccounts(`/proc/${pid}/root`)) : undefined
  const user =
    account === undefined
      ? own.user
      : { uid: account.uid, gid: account.gid, additionalGids: [...account.additionalGids] }
  const names =
    config.privileged === true
      ? capabilitiesOf({ privileged: true, add: [], drop: [] }, host.capabilities).capabilities
      : own.capabilities.bounding
  const held = user.uid === 0 ? names : []
  const { consoleSize } = config
  return {
    ...own,
    terminal: config.tty === true,
    ...(consoleSize === undefined ? {} : { consoleSize: { width: consoleSize.width, height: consoleSize.height } }),
    user,
    args: [...config.command],
    env: environment(config, own.env, account?.home),
    cwd: config.workingDir || own.cwd,
    capabilities: { bounding: names, effective: held, permitted: held, inheritable: [], ambient: [] },
  }
}

function environment(config: ExecConfig, inherited: readonly string[], home: string | undefined): string[] {
  const base =
    home === undefined ? inherited : [...inherited.filter((entry) => !entry.startsWith('HOME=')), `HOME=${home || '/'}`]
  const withTerm =
    config.tty === true && !base.some((entry) => entry.startsWith('TERM=')) ? [...base, 'TERM=xterm'] : base
  return mergeEnv(withTerm, config.env ?? [])
}

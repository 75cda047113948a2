import { hostname as hostName } from 'node:os'
import type { CompletedConfig } from '../container-config.js'
import { capabilitiesOf } from './capabilities.js'
import { devicesOf } from './devices.js'
import type { HostLimits } from './host-limits.js'
import { initPath, type MountSet, mountsOf } from './mounts.js'
import type { OciLinux, OciSeccomp, OciSpec } from './oci-types.js'
import { processOf } from './process.js'
import { resourcesOf } from './resources.js'
import { rlimitsOf } from './rlimits.js'
import { parseSeccomp, seccompProfile } from './seccomp.js'
import { parseSecurityOptions } from './security-options.js'
import type { ResolvedUser } from './user.js'

/** What a specification is made of; see {@link ociSpec}. */
export interface SpecRequest {
  readonly id: string
  readonly engineId: string
  readonly config: CompletedConfig
  readonly args: readonly string[]
  readonly user: ResolvedUser
  readonly mounts: MountSet
  readonly host: HostLimits
}

/** The OCI runtime specification of a container. */
export function ociSpec(request: SpecRequest): OciSpec {
  const { config, host, id } = request
  const { capabilities } = capabilitiesOf(
    { privileged: config.privileged, add: config.capAdd, drop: config.capDrop },
    host.capabilities,
  )
  const hostname = hostnameOf(config)
  const { oomScoreAdj } = config.resources
  const { tty, consoleSize } = config
  return {
    ociVersion: '1.0.2',
    process: processOf({
      args: config.init ? [initPath, '--', ...request.args] : request.args,
      env: config.env,
      hostname,
      tty,
      consoleSize: tty ? consoleSize : undefined,
      workingDir: config.workingDir,
      user: request.user,
      capabilities,
      noNewPrivileges: parseSecurityOptions(config.securityOpt).noNewPrivileges,
      rlimits: rlimitsOf(config.ulimits, host).rlimits,
      oomScoreAdj: oomScoreAdj === undefined ? undefined : Math.max(oomScoreAdj, host.oomScoreAdjMin),
    }),
    root: { path: 'rootfs', readonly: config.readonlyRootfs },
    ...(config.utsMode === 'host' ? {} : { hostname, ...(config.domainname ? { domainname: config.domainname } : {}) }),
    mounts: mountsOf(config, request.mounts),
    annotations: { ...config.annotations, 'pouch.engine': request.engineId },
    linux: linuxOf(id, config, capabilities, request),
  }
}

/** The host name that a container sees. */
export function hostnameOf({ networkMode, hostname, utsMode }: CompletedConfig): string {
  return utsMode === 'host' || (networkMode === 'host' && /^[0-9a-f]{12}$/.test(hostname)) ? hostName() : hostname
}

function linuxOf(
  id: string,
  config: CompletedConfig,
  capabilities: readonly string[],
  { host, mounts }: SpecRequest,
): OciLinux {
  const { devices, rules } = devicesOf(config.devices, config.deviceCgroupRules, config.privileged)
  const seccomp = seccompOf(config, capabilities)
  const propagation = rootPropagation(mounts)
  return {
    namespaces: namespacesOf(config),
    cgroupsPath: cgroupsPath(config.cgroupParent, id),
    resources: resourcesOf(config.resources, rules, host),
    devices,
    maskedPaths: [...config.maskedPaths],
    readonlyPaths: [...config.readonlyPaths],
    sysctl: { ...defaultSysctls(config), ...config.sysctls },
    ...(seccomp === undefined ? {} : { seccomp }),
    ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
  }
}

/** One directory a container and none for all of them, so that nothing stays behind when the last one goes. */
export function cgroupsPath(parent: string | undefined, id: string): string {
  return parent
    ? `/${parent
        .split('/')
        .filter((part) => part !== '' && part !== '.' && part !== '..')
        .join('/')}/pouch-${id}`
    : `/pouch-${id}`
}

function namespacesOf(config: CompletedConfig): { type: string }[] {
  return [
    { type: 'mount' },
    ...(config.networkMode === 'host' ? [] : [{ type: 'network' }]),
    ...(config.utsMode === 'host' ? [] : [{ type: 'uts' }]),
    ...(config.pidMode === 'host' ? [] : [{ type: 'pid' }]),
    ...(config.ipcMode === 'host' ? [] : [{ type: 'ipc' }]),
    ...(config.cgroupnsMode === 'private' ? [{ type: 'cgroup' }] : []),
  ]
}

/** Low ports and ping for every user, in a network of its own only. */
function defaultSysctls({ networkMode, privileged }: CompletedConfig): Record<string, string> {
  if (networkMode === 'host' || privileged) return {}
  return { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' }
}

function seccompOf(config: CompletedConfig, capabilities: readonly string[]): OciSeccomp | undefined {
  const { seccomp } = parseSecurityOptions(config.securityOpt)
  if (config.privileged || seccomp === 'unconfined') return undefined
  return seccomp === 'default' ? seccompProfile({ capabilities, architecture: process.arch }) : parseSeccomp(seccomp)
}

/** A shared or slave bind needs a root that lets it through. */
function rootPropagation({ host }: MountSet): string | undefined {
  const wanted = host.map(({ propagation }) => propagation)
  if (wanted.some((propagation) => propagation.endsWith('shared'))) return 'shared'
  return wanted.some((propagation) => propagation.endsWith('slave')) ? 'rslave' : undefined
}

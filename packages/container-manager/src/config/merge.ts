import type { CompletedConfig, ContainerConfig } from '../container-config.js'
import type { ImageConfig } from '../sources.js'
import type { HostLimits } from '../spec/host-limits.js'
import { defaultMaskedPaths, defaultReadonlyPaths } from '../spec/kernel-paths.js'
import { defaultLogOptions } from './log-options.js'

type RawImageConfig = NonNullable<ImageConfig['config']>

/**
 * Joins a request with its image by Docker's rules and fills in the defaults. What the request says wins; environment and
 * labels are merged by name; the image's command counts only while the entrypoint is the image's too.
 *
 * @param id the container's id, whose first twelve digits are the default host name
 */
export function completeConfig(
  config: ContainerConfig,
  image: ImageConfig,
  id: string,
  host: HostLimits,
): CompletedConfig {
  const raw = image.config ?? {}
  const privileged = config.privileged ?? false
  const unmasked = privileged || (config.securityOpt ?? []).includes('systempaths=unconfined')
  const { command, entrypoint } = program(config, raw)
  const stopSignal = config.stopSignal || raw.StopSignal
  return {
    ...config,
    command,
    entrypoint,
    ...(stopSignal ? { stopSignal } : {}),
    env: mergeEnv(raw.Env ?? [], config.env ?? []),
    user: config.user || raw.User || '',
    workingDir: config.workingDir || raw.WorkingDir || '',
    hostname: config.hostname || id.slice(0, 12),
    domainname: config.domainname ?? '',
    labels: { ...(raw.Labels ?? {}), ...config.labels },
    tty: config.tty ?? false,
    openStdin: config.openStdin ?? false,
    stdinOnce: config.stdinOnce ?? config.openStdin ?? false,
    attachStdin: config.attachStdin ?? false,
    attachStdout: config.attachStdout ?? false,
    attachStderr: config.attachStderr ?? false,
    exposedPorts: union(Object.keys(raw.ExposedPorts ?? {}), config.exposedPorts ?? []),
    volumes: union(Object.keys(raw.Volumes ?? {}), config.volumes ?? []),
    mounts: config.mounts ?? [],
    tmpfs: config.tmpfs ?? {},
    networkMode: config.networkMode || 'default',
    autoRemove: config.autoRemove ?? false,
    readonlyRootfs: config.readonlyRootfs ?? false,
    privileged,
    capAdd: config.capAdd ?? [],
    capDrop: config.capDrop ?? [],
    securityOpt: config.securityOpt ?? [],
    resources: config.resources ?? {},
    ulimits: config.ulimits ?? [],
    devices: config.devices ?? [],
    deviceCgroupRules: config.deviceCgroupRules ?? [],
    shmSizeBytes: config.shmSizeBytes || 64 * 1024 * 1024,
    init: config.init ?? false,
    groupAdd: config.groupAdd ?? [],
    sysctls: config.sysctls ?? {},
    pidMode: config.pidMode ?? '',
    ipcMode: config.ipcMode || 'private',
    utsMode: config.utsMode ?? '',
    cgroupnsMode: config.cgroupnsMode || (host.cgroupVersion === 2 && !privileged ? 'private' : 'host'),
    logConfig: {
      type: config.logConfig?.type ?? 'json-file',
      options: { ...defaultLogOptions(config.logConfig), ...config.logConfig?.options },
    },
    maskedPaths: config.maskedPaths ?? (unmasked ? [] : defaultMaskedPaths),
    readonlyPaths: config.readonlyPaths ?? (unmasked ? [] : defaultReadonlyPaths),
    restartPolicy: config.restartPolicy?.name ? config.restartPolicy : { name: 'no' },
  }
}

/** Image variables, overridden by name; a bare `NAME` takes one away. */
export function mergeEnv(image: readonly string[], own: readonly string[]): string[] {
  const merged = new Map(image.map((entry) => [nameOf(entry), entry]))
  for (const entry of own) {
    if (entry.includes('=')) merged.set(nameOf(entry), entry)
    else merged.delete(entry)
  }
  return [...merged.values()]
}

function program(config: ContainerConfig, raw: RawImageConfig): Pick<ContainerConfig, 'command' | 'entrypoint'> {
  const command = config.command?.length ? config.command : undefined
  if (config.entrypoint !== undefined) {
    const cleared = config.entrypoint.length === 0 || (config.entrypoint.length === 1 && config.entrypoint[0] === '')
    return { command, entrypoint: cleared ? undefined : config.entrypoint }
  }
  const entrypoint = raw.Entrypoint?.length ? raw.Entrypoint : undefined
  return { command: command ?? (raw.Cmd?.length ? raw.Cmd : undefined), entrypoint }
}

const nameOf = (entry: string): string => entry.split('=', 1)[0] ?? entry

const union = (first: readonly string[], second: readonly string[]): string[] => [...new Set([...first, ...second])]

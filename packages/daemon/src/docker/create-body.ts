import type { ContainerCreateBody, HostConfig } from '@pouch/api'
import { compareVersions } from '@pouch/api'
import type { ContainerConfig, LogConfig, ResourceConfig } from '@pouch/container-manager'
import { PouchError } from '@pouch/errors'
import { parseBind } from './binds.js'
import { parseMount } from './mounts.js'
import { refuseUnsupported } from './unsupported-settings.js'

// Below what a container record may carry for its caller.
const maxExtraBytes = 60 * 1024

/**
 * The configuration that a create's body asks for, in the engine's words.
 *
 * @param version of the API
 * @throws PouchError `invalid-argument` and `unsupported`, in Docker's words where Docker has some
 */
export function configOfBody(body: ContainerCreateBody, version: string): ContainerConfig {
  const host = body.HostConfig ?? {}
  refuseUnsupported(body, host)
  return {
    image: body.Image ?? '',
    ...processOf(body, version),
    ...storageOf(body, host, version),
    ...isolationOf(host),
    networkMode: body.NetworkDisabled === true ? 'none' : host.NetworkMode || 'default',
    extraHosts: host.ExtraHosts,
    dns: host.Dns,
    dnsSearch: host.DnsSearch,
    dnsOptions: host.DnsOptions,
    publishedPorts: portsOf(host),
    exposedPorts: Object.keys(body.ExposedPorts ?? {}),
    autoRemove: host.AutoRemove === true && compareVersions(version, '1.25') >= 0,
    resources: resourcesOf(host),
    logConfig: logConfigOf(host),
    restartPolicy: restartPolicyOf(host),
    annotations: compareVersions(version, '1.43') >= 0 ? host.Annotations : undefined,
    extra: extraOf(body),
  }
}

function processOf(body: ContainerCreateBody, version: string): Partial<ContainerConfig> {
  return {
    command: listOf(body.Cmd),
    entrypoint: listOf(body.Entrypoint),
    env: body.Env,
    user: body.User || undefined,
    workingDir: body.WorkingDir || undefined,
    hostname: body.Hostname || undefined,
    domainname: body.Domainname || undefined,
    labels: body.Labels,
    tty: body.Tty,
    consoleSize: sizeOf(body.HostConfig?.ConsoleSize, version),
    openStdin: body.OpenStdin,
    stdinOnce: body.StdinOnce,
    attachStdin: body.AttachStdin,
    attachStdout: body.AttachStdout,
    attachStderr: body.AttachStderr,
    stopSignal: body.StopSignal || undefined,
    stopTimeoutSeconds: body.StopTimeout,
  }
}

// Height and width, both 0 for a client that is no terminal.
function sizeOf(size: readonly number[] | undefined, version: string): ContainerConfig['consoleSize'] {
  const [height = 0, width = 0] = size ?? []
  return height > 0 && width > 0 && compareVersions(version, '1.42') >= 0 ? { height, width } : undefined
}

function storageOf(body: ContainerCreateBody, host: HostConfig, version: string): Partial<ContainerConfig> {
  const driver = host.VolumeDriver || undefined
  const targets = Object.keys(body.Volumes ?? {})
  const anonymous =
    driver === undefined ? [] : targets.map((target) => ({ type: 'volume' as const, target, driver, mode: '' }))
  return {
    volumes: driver === undefined ? targets : [],
    mounts: [
      ...(host.Binds ?? []).map((spec) => parseBind(spec, driver)),
      ...(host.Mounts ?? []).map((mount) => parseMount(mount, version)),
      ...anonymous,
    ],
    tmpfs: host.Tmpfs,
    readonlyRootfs: host.ReadonlyRootfs,
    shmSizeBytes: host.ShmSize || undefined,
  }
}

function isolationOf(host: HostConfig): Partial<ContainerConfig> {
  return {
    privileged: host.Privileged,
    capAdd: listOf(host.CapAdd),
    capDrop: listOf(host.CapDrop),
    securityOpt: host.SecurityOpt,
    devices: host.Devices?.map(({ PathOnHost, PathInContainer, CgroupPermissions }) => ({
      pathOnHost: PathOnHost ?? '',
      pathInContainer: PathInContainer || undefined,
      permissions: CgroupPermissions || undefined,
    })),
    deviceCgroupRules: host.DeviceCgroupRules,
    ulimits: host.Ulimits?.map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
    init: host.Init ?? undefined,
    groupAdd: host.GroupAdd,
    sysctls: host.Sysctls,
    pidMode: host.PidMode as ContainerConfig['pidMode'],
    ipcMode: host.IpcMode as ContainerConfig['ipcMode'],
    utsMode: host.UTSMode as ContainerConfig['utsMode'],
    cgroupnsMode: host.CgroupnsMode as ContainerConfig['cgroupnsMode'],
    cgroupParent: host.CgroupParent || undefined,
    maskedPaths: host.MaskedPaths ?? undefined,
    readonlyPaths: host.ReadonlyPaths ?? undefined,
  }
}

function resourcesOf(host: HostConfig): ResourceConfig {
  const swappiness = host.MemorySwappiness ?? undefined
  return {
    memoryBytes: host.Memory,
    memoryReservationBytes: host.MemoryReservation,
    memorySwapBytes: host.MemorySwap,
    // The docker CLI writes -1 for "not given".
    memorySwappiness: swappiness === -1 ? undefined : swappiness,
    cpuShares: host.CpuShares,
    cpuQuota: host.CpuQuota,
    cpuPeriod: host.CpuPeriod,
    nanoCpus: host.NanoCpus,
    cpusetCpus: host.CpusetCpus,
    cpusetMems: host.CpusetMems,
    pidsLimit: host.PidsLimit ?? undefined,
    blkioWeight: host.BlkioWeight,
    oomKillDisable: host.OomKillDisable ?? undefined,
    oomScoreAdj: host.OomScoreAdj,
  }
}

function portsOf(host: HostConfig): ContainerConfig['publishedPorts'] {
  const published = Object.entries(host.PortBindings ?? {}).flatMap(([port, bindings]) => {
    const list = (bindings ?? []).map(({ HostIp, HostPort }) => ({
      ...(HostIp === undefined ? {} : { hostIp: HostIp }),
      ...(HostPort === undefined ? {} : { hostPort: HostPort }),
    }))
    return list.length === 0 ? [] : [[port, list] as const]
  })
  return published.length === 0 ? undefined : Object.fromEntries(published)
}

function logConfigOf(host: HostConfig): LogConfig | undefined {
  const type = host.LogConfig?.Type ?? ''
  const options = host.LogConfig?.Config
  if (type === '' && Object.keys(options ?? {}).length === 0) return undefined
  if (type !== '' && type !== 'json-file' && type !== 'none') {
    throw new PouchError('invalid-argument', `error looking up logging plugin ${type}: plugin "${type}" not found`, {
      op: 'container.create',
      subject: type,
      details: { known: ['json-file', 'none'] },
    })
  }
  return { type: type === '' ? 'json-file' : type, ...(options === undefined ? {} : { options }) }
}

function restartPolicyOf(host: HostConfig): ContainerConfig['restartPolicy'] {
  const { Name: name = '', MaximumRetryCount: maximumRetryCount } = host.RestartPolicy ?? {}
  return name === '' ? undefined : { name, maximumRetryCount }
}

// What inspect is to echo as it was sent. A request that is too long for that is shown from what the engine made of it.
function extraOf({ HostConfig, Healthcheck, OnBuild, Shell }: ContainerCreateBody): ContainerConfig['extra'] {
  const extra = { docker: { HostConfig: HostConfig ?? {}, Config: { Healthcheck, OnBuild, Shell } } }
  return Buffer.byteLength(JSON.stringify(extra)) > maxExtraBytes ? undefined : extra
}

function listOf(value: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof value === 'string' ? [value] : value
}

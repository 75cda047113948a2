import type { ContainerCreateBody, HostConfig } from '@pouch/api'
import { PouchError } from '@pouch/errors'

/** What a create may ask for and Pouch cannot do. None of it is ignored. */
export function refuseUnsupported(body: ContainerCreateBody, host: HostConfig): void {
  const asked: readonly [string, boolean][] = [
    ['Healthcheck', isHealthcheck(body)],
    ['MacAddress', isSet(body.MacAddress)],
    ['HostConfig.VolumesFrom', isSet(host.VolumesFrom)],
    ['HostConfig.Links', isSet(host.Links)],
    ['HostConfig.DeviceRequests', isSet(host.DeviceRequests)],
    ['HostConfig.StorageOpt', Object.keys(host.StorageOpt ?? {}).length > 0],
    ['HostConfig.UsernsMode', isSet(host.UsernsMode) && host.UsernsMode !== 'host'],
    ['HostConfig.Cgroup', isSet(host.Cgroup)],
    ['HostConfig.PublishAllPorts', host.PublishAllPorts === true],
    ['HostConfig.BlkioWeightDevice', isSet(host.BlkioWeightDevice)],
    ['HostConfig.BlkioDeviceReadBps', isSet(host.BlkioDeviceReadBps)],
    ['HostConfig.BlkioDeviceWriteBps', isSet(host.BlkioDeviceWriteBps)],
    ['HostConfig.BlkioDeviceReadIOps', isSet(host.BlkioDeviceReadIOps)],
    ['HostConfig.BlkioDeviceWriteIOps', isSet(host.BlkioDeviceWriteIOps)],
    ['HostConfig.CpuRealtimePeriod', isSet(host.CpuRealtimePeriod)],
    ['HostConfig.CpuRealtimeRuntime', isSet(host.CpuRealtimeRuntime)],
  ]
  for (const [field, isAsked] of asked) if (isAsked) throw unsupported(field)
  refuseNetworks(body, host)
  refuseKinds(host)
}

function refuseKinds(host: HostConfig): void {
  const {
    Runtime: runtime = '',
    Isolation: isolation = '',
    IpcMode: ipc = '',
    PidMode: pid = '',
    UTSMode: uts = '',
  } = host
  if (!['', 'runc', 'io.containerd.runc.v2'].includes(runtime))
    throw invalid(`Unknown runtime specified ${runtime}`, 'Runtime')
  if (!['', 'default'].includes(isolation))
    throw invalid(`Invalid isolation: "${isolation}" - linux only supports 'default'`, 'Isolation')
  if (!['', 'private', 'none', 'host'].includes(ipc)) throw unsupported(`HostConfig.IpcMode "${ipc}"`)
  if (!['', 'host'].includes(pid)) throw unsupported(`HostConfig.PidMode "${pid}"`)
  if (!['', 'host'].includes(uts)) throw unsupported(`HostConfig.UTSMode "${uts}"`)
  const { CgroupnsMode: cgroupns = '' } = host
  if (!['', 'private', 'host'].includes(cgroupns))
    throw invalid(`invalid cgroup namespace mode: ${cgroupns}`, 'CgroupnsMode')
}

// A client also names the network of NetworkMode here; there is nothing more that it could say about it.
function refuseNetworks(body: ContainerCreateBody, host: HostConfig): void {
  const names = Object.keys(body.NetworkingConfig?.EndpointsConfig ?? {})
  if (names.length > 1) {
    throw invalid(`Container cannot be connected to network endpoints: ${names.join(', ')}`, 'NetworkingConfig')
  }
  const [name] = names
  if (name === undefined || name === host.NetworkMode || ['default', 'bridge', 'none', 'host'].includes(name)) return
  throw unsupported(`network ${name}`)
}

function isHealthcheck({ Healthcheck: health }: ContainerCreateBody): boolean {
  const [kind] = health?.Test ?? []
  return kind !== undefined && kind !== 'NONE'
}

function isSet(value: string | number | readonly unknown[] | undefined): boolean {
  return value !== undefined && value !== '' && value !== 0 && !(Array.isArray(value) && value.length === 0)
}

function unsupported(what: string): PouchError {
  return new PouchError('unsupported', `${what} is not supported: leave it out`, {
    op: 'container.create',
    subject: what,
  })
}

function invalid(message: string, subject: string): PouchError {
  return new PouchError('invalid-argument', message, { op: 'container.create', subject })
}

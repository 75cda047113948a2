import type { ResourceConfig } from '../container-config.js'
import type { HostLimits } from './host-limits.js'
import type { OciDeviceRule, OciResources } from './oci-types.js'

const period = 100_000

/** The cgroup limits of a container. What the host has no controller for is left out; {@link resourceWarnings} names it. */
export function resourcesOf(
  resources: ResourceConfig,
  devices: readonly OciDeviceRule[],
  host: HostLimits,
): OciResources {
  const has = (controller: string) => host.controllers.includes(controller)
  const memory = has('memory') ? memoryOf(resources, host) : {}
  const cpu = cpuOf(resources, host)
  const { pidsLimit = 0, blkioWeight = 0 } = resources
  return {
    devices: [...devices],
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(pidsLimit > 0 && has('pids') ? { pids: { limit: pidsLimit } } : {}),
    ...(blkioWeight > 0 && has(blockController(host)) ? { blockIO: { weight: blkioWeight } } : {}),
  }
}

/** One line for each limit that was asked for and that this host cannot keep. */
export function resourceWarnings(resources: ResourceConfig, host: HostLimits): string[] {
  const wanted: Readonly<Record<string, boolean>> = {
    memory: Boolean(resources.memoryBytes || resources.memoryReservationBytes || resources.memorySwapBytes),
    cpu: Boolean(resources.cpuShares || resources.cpuQuota || resources.nanoCpus),
    cpuset: Boolean(resources.cpusetCpus || resources.cpusetMems),
    pids: (resources.pidsLimit ?? 0) > 0,
    [blockController(host)]: Boolean(resources.blkioWeight),
  }
  const missing = Object.keys(wanted).filter((name) => wanted[name] && !host.controllers.includes(name))
  const swap =
    wanted.memory && !host.swapLimit ? ['This host does not limit swap: memory is limited, swap is not.'] : []
  return [...missing.map((name) => `This host has no ${name} controller: the limit on it was dropped.`), ...swap]
}

const blockController = ({ cgroupVersion }: HostLimits): string => (cgroupVersion === 2 ? 'io' : 'blkio')

function memoryOf(resources: ResourceConfig, host: HostLimits): NonNullable<OciResources['memory']> {
  const {
    memoryBytes = 0,
    memoryReservationBytes = 0,
    memorySwapBytes = 0,
    memorySwappiness = -1,
    oomKillDisable,
  } = resources
  const swap = memorySwapBytes !== 0 ? memorySwapBytes : memoryBytes * 2
  return {
    ...(memoryBytes > 0 ? { limit: memoryBytes } : {}),
    ...(memoryReservationBytes > 0 ? { reservation: memoryReservationBytes } : {}),
    ...(swap !== 0 && host.swapLimit ? { swap } : {}),
    ...(memorySwappiness >= 0 && host.cgroupVersion === 1 ? { swappiness: memorySwappiness } : {}),
    ...(oomKillDisable === true && host.cgroupVersion === 1 ? { disableOOMKiller: true } : {}),
  }
}

function cpuOf(resources: ResourceConfig, host: HostLimits): NonNullable<OciResources['cpu']> {
  const { cpuShares = 0, cpuQuota = 0, cpuPeriod = 0, nanoCpus = 0, cpusetCpus, cpusetMems } = resources
  const quota = nanoCpus > 0 ? Math.round((nanoCpus * period) / 1e9) : cpuQuota
  const isCpu = host.controllers.includes('cpu')
  const isCpuset = host.controllers.includes('cpuset')
  return {
    ...(cpuShares > 0 && isCpu ? { shares: cpuShares } : {}),
    ...(quota !== 0 && isCpu ? { quota } : {}),
    ...((cpuPeriod > 0 || nanoCpus > 0) && isCpu ? { period: cpuPeriod > 0 ? cpuPeriod : period } : {}),
    ...(cpusetCpus && isCpuset ? { cpus: cpusetCpus } : {}),
    ...(cpusetMems && isCpuset ? { mems: cpusetMems } : {}),
  }
}

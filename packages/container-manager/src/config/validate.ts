import { PouchError } from '@pouch/errors'
import type { CompletedConfig, ResourceConfig } from '../container-config.js'
import { signalNumber } from '../signals.js'
import { capabilitiesOf } from '../spec/capabilities.js'
import type { HostLimits } from '../spec/host-limits.js'
import { parseSecurityOptions } from '../spec/security-options.js'
import { logRotation } from './log-options.js'
import { refused } from './refused.js'

const minMemoryBytes = 6 * 1024 * 1024

/**
 * Checks what the shape alone does not say. @returns warnings
 *
 * @throws PouchError `invalid-argument`, or `unsupported` for what this version does not do
 */
export function validateConfig(config: CompletedConfig, host: HostLimits): string[] {
  checkProcess(config)
  checkNetwork(config)
  checkNamespaces(config)
  checkRestart(config)
  logRotation(config.logConfig)
  parseSecurityOptions(config.securityOpt)
  if (config.shmSizeBytes < 0) throw refused('SHM size can not be less than 0', 'shmSizeBytes')
  const { withheld } = capabilitiesOf(
    { privileged: config.privileged, add: config.capAdd, drop: config.capDrop },
    host.capabilities,
  )
  return [
    ...withheld.map((name) => `${name} was not added: this process does not hold it.`),
    ...networkWarnings(config.networkMode),
    ...checkResources(config.resources, host),
  ]
}

function checkProcess(config: CompletedConfig): void {
  if ([...(config.entrypoint ?? []), ...(config.command ?? [])].length === 0)
    throw refused('No command specified', 'command')
  if (config.workingDir !== '' && !config.workingDir.startsWith('/')) {
    throw refused(
      `the working directory '${config.workingDir}' is invalid, it needs to be an absolute path`,
      'workingDir',
    )
  }
  for (const entry of config.env) {
    if (entry === '' || entry.startsWith('=')) throw refused(`invalid environment variable: ${entry}`, 'env')
  }
  if (config.stopSignal !== undefined) signalNumber(config.stopSignal)
  for (const rule of config.deviceCgroupRules) {
    if (!/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(rule))
      throw refused(`invalid device cgroup rule format: '${rule}'`, 'deviceCgroupRules')
  }
  for (const { pathOnHost, permissions } of config.devices) {
    if (!pathOnHost.startsWith('/')) throw refused(`'${pathOnHost}' is not an absolute path`, 'devices')
    if (permissions !== undefined && !/^[rwm]{1,3}$/.test(permissions))
      throw refused(`bad mode specified: ${permissions}`, 'devices')
  }
  if (config.hostname.length > 63 || /[\s/]/.test(config.hostname))
    throw refused(`invalid hostname format: ${config.hostname}`, 'hostname')
}

function checkNetwork(config: CompletedConfig): void {
  const known = ['none', 'host', 'default', 'bridge']
  if (!known.includes(config.networkMode)) {
    throw refused(
      `network '${config.networkMode}' is not supported: this version has ${known.join(', ')} (default and bridge mean none)`,
      'networkMode',
      'unsupported',
    )
  }
  const ports = Object.keys(config.publishedPorts ?? {})
  if (ports.length > 0) {
    throw refused(
      `published ports (${ports.join(', ')}) are not supported in this version; use the host network`,
      'publishedPorts',
      'unsupported',
    )
  }
  for (const entry of config.extraHosts ?? []) {
    if (!/^[^\s:]+:\S+$/.test(entry)) throw refused(`bad format for add-host: "${entry}"`, 'extraHosts')
  }
  for (const entry of [...(config.dns ?? []), ...(config.dnsSearch ?? []), ...(config.dnsOptions ?? [])]) {
    if (/\s/.test(entry)) throw refused(`'${entry}' cannot stand in resolv.conf`, 'dns')
  }
}

// Of what was asked for. 'default' is what nobody chose: a word about it at every container would be read by nobody.
function networkWarnings(mode: string): string[] {
  if (mode !== 'bridge') return []
  return [`Network '${mode}' means 'none' in this version: the container has only a loopback interface.`]
}

function checkNamespaces(config: CompletedConfig): void {
  const modes = {
    pidMode: ['', 'host'],
    ipcMode: ['', 'private', 'none', 'host'],
    utsMode: ['', 'host'],
    cgroupnsMode: ['', 'private', 'host'],
  } as const
  for (const [field, known] of Object.entries(modes)) {
    const value = config[field as keyof typeof modes]
    if ((known as readonly string[]).includes(value)) continue
    throw refused(
      `${field} '${value}' is not supported: known are ${known.filter(Boolean).join(', ')}`,
      field,
      'unsupported',
    )
  }
  if (config.networkMode === 'host' && Object.keys(config.sysctls).some((name) => name.startsWith('net.'))) {
    throw refused('sysctls of the network cannot be set with the host network', 'sysctls')
  }
}

function checkRestart(config: CompletedConfig): void {
  const { name, maximumRetryCount = 0 } = config.restartPolicy
  if (!['no', 'always', 'unless-stopped', 'on-failure'].includes(name))
    throw refused(`invalid restart policy '${name}'`, 'restartPolicy')
  if (maximumRetryCount < 0) throw refused('maximum retry count cannot be negative', 'restartPolicy')
  if (maximumRetryCount > 0 && name !== 'on-failure') {
    throw refused(`maximum retry count cannot be used with restart policy '${name}'`, 'restartPolicy')
  }
  if (name === 'no') return
  if (config.autoRemove) throw refused("can't create 'AutoRemove' container with restart policy", 'restartPolicy')
  throw new PouchError('unsupported', `restart policy '${name}' is not supported in this version; use 'no'`, {
    op: 'container.create',
    subject: 'restartPolicy',
  })
}

function checkResources(resources: ResourceConfig, host: HostLimits): string[] {
  checkMemory(resources)
  checkCpu(resources, host)
  const { oomScoreAdj = 0, blkioWeight = 0 } = resources
  if (oomScoreAdj < -1000 || oomScoreAdj > 1000) {
    throw refused(`Invalid value ${oomScoreAdj}, range for oom score adj is [-1000, 1000]`, 'oomScoreAdj')
  }
  if (blkioWeight !== 0 && (blkioWeight < 10 || blkioWeight > 1000))
    throw refused('Range of blkio weight is from 10 to 1000', 'blkioWeight')
  const clamped = oomScoreAdj < host.oomScoreAdjMin
  return clamped
    ? [`oomScoreAdj ${oomScoreAdj} was raised to ${host.oomScoreAdjMin}: this process may not set less.`]
    : []
}

function checkMemory({
  memoryBytes = 0,
  memorySwapBytes = 0,
  memoryReservationBytes = 0,
  memorySwappiness,
}: ResourceConfig): void {
  if (memoryBytes < 0) throw refused(`Invalid memory limit ${memoryBytes}`, 'memoryBytes')
  if (memoryBytes > 0 && memoryBytes < minMemoryBytes)
    throw refused('Minimum memory limit allowed is 6MB', 'memoryBytes')
  if (memorySwapBytes > 0 && memoryBytes === 0) {
    throw refused('You should always set the Memory limit when using Memoryswap limit, see usage', 'memorySwapBytes')
  }
  if (memorySwapBytes > 0 && memorySwapBytes < memoryBytes) {
    throw refused('Minimum memoryswap limit should be larger than memory limit, see usage', 'memorySwapBytes')
  }
  if (memoryReservationBytes > 0 && memoryBytes > 0 && memoryBytes < memoryReservationBytes) {
    throw refused(
      'Minimum memory limit can not be less than memory reservation limit, see usage',
      'memoryReservationBytes',
    )
  }
  if (memorySwappiness !== undefined && (memorySwappiness < -1 || memorySwappiness > 100)) {
    throw refused(`Invalid value: ${memorySwappiness}, valid memory swappiness range is 0-100`, 'memorySwappiness')
  }
}

function checkCpu(
  { nanoCpus = 0, cpuQuota = 0, cpuPeriod = 0, cpusetCpus, cpusetMems }: ResourceConfig,
  host: HostLimits,
): void {
  if (nanoCpus !== 0 && (cpuQuota !== 0 || cpuPeriod !== 0)) {
    throw refused('Conflicting options: Nano CPUs and CPU Quota cannot both be set', 'nanoCpus')
  }
  if (nanoCpus < 0 || nanoCpus > host.cpus * 1e9) {
    throw refused(
      `Range of CPUs is from 0.01 to ${host.cpus}.00, as there are only ${host.cpus} CPUs available`,
      'nanoCpus',
    )
  }
  if (cpuPeriod !== 0 && (cpuPeriod < 1000 || cpuPeriod > 1_000_000)) {
    throw refused('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)', 'cpuPeriod')
  }
  if (cpuQuota > 0 && cpuQuota < 1000) throw refused('CPU cfs quota can not be less than 1ms (i.e. 1000)', 'cpuQuota')
  for (const [field, value] of [
    ['cpusetCpus', cpusetCpus],
    ['cpusetMems', cpusetMems],
  ] as const) {
    if (value && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(value)) throw refused(`Invalid value ${value} for ${field}`, field)
  }
}

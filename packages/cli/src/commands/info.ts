import type { PouchDriver, SystemInfo } from '@pouch/api'
import { formatBytes } from '@pouch/units'
import { compileTemplate } from '../format/template.js'
import { write } from '../io.js'
import type { Session } from '../session.js'
import { lacksRoute } from '../volume-usage.js'

/** `pouch info`: shows what the daemon is and runs on, and how each of its volume drivers is. */
export async function info(session: Session, flags: { readonly format?: string }): Promise<undefined> {
  const { client, io } = session
  const [shown, drivers] = await Promise.all([client.system.info(), driversOf(session)])
  const found = drivers === undefined ? shown : { ...shown, VolumeDrivers: drivers }
  const template =
    flags.format === undefined ? undefined : compileTemplate(flags.format === 'json' ? '{{json .}}' : flags.format)
  await write(io.stdout, template === undefined ? describe(found, drivers ?? []) : `${template.render(found)}\n`)
  for (const warning of found.Warnings ?? []) await write(io.stderr, `${warning}\n`)
}

/** `undefined` when the daemon is Docker's own. */
async function driversOf({ client }: Session): Promise<readonly PouchDriver[] | undefined> {
  try {
    return await client.pouch.drivers()
  } catch (error) {
    if (lacksRoute(error)) return undefined
    throw error
  }
}

type Line = readonly [string, unknown]

/** A driver that could not be opened has its error, and no more; the facts of a backend, such as how it enforces quotas, are its own. */
function driverLines(driver: PouchDriver): readonly Line[] {
  const { name, version, health, error, state } = driver
  const title: Line = [` ${name}`, driver.isDefault ? '(default)' : '']
  if (state === 'failed') return [title, ['  State', 'failed'], ['  Error', error ?? '']]
  return [
    title,
    ...(version === undefined ? [] : [['  Version', version] as const]),
    ['  State', health?.state ?? 'open'],
    ...(health?.message === undefined ? [] : [['  Message', health.message] as const]),
    ['  Scope', driver.scope],
    ['  Facets', driver.facets.join(' ')],
    ...Object.entries(health?.details ?? {}).map(([key, value]) => [`  ${titled(key)}`, value] as const),
  ]
}

/** A line for what may be unknown, or not there: none says nothing. */
const told = (key: string, value: string | undefined): readonly Line[] =>
  value === undefined || value === '' ? [] : [[key, value]]

const titled = (key: string): string => key.slice(0, 1).toUpperCase() + key.slice(1)

function describe(found: SystemInfo, drivers: readonly PouchDriver[]): string {
  const lines: readonly Line[] = [
    ['Containers', found.Containers],
    [' Running', found.ContainersRunning],
    [' Paused', found.ContainersPaused],
    [' Stopped', found.ContainersStopped],
    ['Images', found.Images],
    ['Server Version', found.ServerVersion],
    ['Storage Driver', found.Driver],
    ...(found.DriverStatus ?? []).map(([key = '', value]) => [` ${key}`, value] as const),
    ['Logging Driver', found.LoggingDriver],
    ['Cgroup Driver', found.CgroupDriver],
    ['Cgroup Version', found.CgroupVersion],
    ['Plugins', ''],
    [' Volume', found.Plugins.Volume.join(' ')],
    [' Network', (found.Plugins.Network ?? []).join(' ')],
    [' Log', (found.Plugins.Log ?? []).join(' ')],
    ...(drivers.length === 0 ? [] : [['Volume Drivers', ''] as const, ...drivers.flatMap(driverLines)]),
    ['Runtimes', Object.keys(found.Runtimes).join(' ')],
    ['Default Runtime', found.DefaultRuntime],
    ['Init Binary', found.InitBinary],
    ['containerd version', found.ContainerdCommit.ID],
    ...told('runc version', found.RuncCommit.ID),
    ['Security Options', (found.SecurityOptions ?? []).join(' ')],
    ['Kernel Version', found.KernelVersion],
    ['Operating System', found.OperatingSystem],
    ['OSType', found.OSType],
    ['Architecture', found.Architecture],
    ['CPUs', found.NCPU],
    ['Total Memory', formatBytes(found.MemTotal)],
    ['Name', found.Name],
    ['ID', found.ID],
    ['Root Dir', found.DockerRootDir],
    ...told('Labels', (found.Labels ?? []).join(' ')),
  ]
  return lines.map(([key, value]) => `${`${key}: ${String(value)}`.trimEnd()}\n`).join('')
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunningPouchd } from '../running-pouchd.js'

interface ContainerSummary {
  readonly Id: string
  readonly Names: readonly string[]
  readonly State: string
}

/** What the daemon says it has. */
export interface Told {
  readonly volumes: ReadonlyMap<string, { driver: string }>
  readonly containers: ReadonlyMap<string, { id: string; state: string }>
}

/** Asks the daemon for its volumes and containers. */
export async function told(daemon: RunningPouchd): Promise<Told> {
  const { Volumes, Warnings } = (await daemon.request('GET', '/v1.43/volumes')).json<{
    Volumes: { Name: string; Driver: string }[]
    Warnings: string[] | null
  }>()
  if (Warnings !== null && Warnings.length > 0) throw new Error(`volume warnings: ${Warnings.join('; ')}`)
  const containers = (await daemon.request('GET', '/v1.43/containers/json?all=1')).json<ContainerSummary[]>()
  return {
    volumes: new Map(Volumes.map(({ Name, Driver }) => [Name, { driver: Driver }])),
    containers: new Map(
      containers.map(({ Id, Names, State }) => [(Names[0] ?? '').replace('/', ''), { id: Id, state: State }]),
    ),
  }
}

/** What is on the host and belongs to nobody that the daemon knows: directories, mounts, shims. */
export function orphans(daemon: RunningPouchd, known: Told): string[] {
  const ids = new Set([...known.containers.values()].map(({ id }) => id))
  return [...orphanDirectories(daemon, known, ids), ...orphanMounts(daemon, known), ...orphanShims(daemon, known)]
}

function* orphanDirectories(daemon: RunningPouchd, known: Told, ids: ReadonlySet<string>): Iterable<string> {
  for (const name of listed(join(daemon.home, 'volume'))) {
    if (!name.startsWith('.') && !known.volumes.has(name)) yield `volume directory ${name}`
  }
  for (const name of listed(join(daemon.home, 'tmpfs'))) {
    if (!name.startsWith('.') && !known.volumes.has(name)) yield `tmpfs directory ${name}`
  }
  for (const id of listed(join(daemon.home, 'containers'))) {
    if (/^[0-9a-f]{64}$/.test(id) && !ids.has(id)) yield `container directory ${id}`
  }
}

function* orphanMounts(daemon: RunningPouchd, known: Told): Iterable<string> {
  for (const target of mountTargets()) {
    const volume = new RegExp(`^${daemon.home}/tmpfs/([^/]+)$`).exec(target)?.[1]
    if (volume !== undefined && known.volumes.get(volume)?.driver !== 'tmpfs') yield `mount ${target}`
  }
  const rootfs = mountTargets().filter((target) => target.startsWith(daemon.folder) && target.endsWith('/rootfs'))
  const alive = [...known.containers.values()].filter(({ state }) => state === 'running').map(({ id }) => id)
  for (const target of rootfs) if (!alive.some((id) => target.includes(id))) yield `rootfs ${target}`
}

function* orphanShims(daemon: RunningPouchd, known: Told): Iterable<string> {
  const alive = new Set([...known.containers.values()].filter(({ state }) => state === 'running').map(({ id }) => id))
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const line = commandLine(pid)
    if (!line.includes('containerd-shim-runc-v2') || !line.includes(daemon.folder)) continue
    const id = /[0-9a-f]{64}/.exec(line)?.[0] ?? ''
    if (!alive.has(id)) yield `shim ${pid} of ${id.slice(0, 12)}`
  }
}

function mountTargets(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

const listed = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : [])

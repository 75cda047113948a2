import { posix } from 'node:path'
import type {
  BindMountConfig,
  CompletedConfig,
  MountConfig,
  Propagation,
  TmpfsMountConfig,
  VolumeMountConfig,
} from '../container-config.js'
import { refused } from './refused.js'

/** A volume mount, before its volume is known. */
export interface WantedVolume {
  readonly kind: 'volume'
  readonly target: string
  readonly name: string | undefined
  readonly request: VolumeMountConfig
  readonly mode: string
}

/** What a container is to have mounted, targets cleaned, parents before what lies below them. */
export interface MountPlan {
  readonly volumes: readonly WantedVolume[]
  readonly binds: readonly (BindMountConfig & { readonly propagation: Propagation })[]
  readonly tmpfs: readonly TmpfsMountConfig[]
}

const propagations: readonly string[] = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']

/**
 * Works out the mounts of a configuration: the mounts themselves, the tmpfs map, and an anonymous volume for every target in
 * `volumes` that nothing else is mounted on.
 *
 * @throws PouchError `invalid-argument` for bad or doubled targets and sources
 */
export function planMounts(config: CompletedConfig): MountPlan {
  const mounts = config.mounts.map(cleanMount)
  const taken = new Set<string>()
  for (const { target } of mounts) claim(target, taken)
  for (const target of Object.keys(config.tmpfs)) claim(cleanTarget(target, 'tmpfs'), taken)
  const anonymous = config.volumes.map((target) => cleanTarget(target, 'volume')).filter((target) => !taken.has(target))
  return {
    volumes: [
      ...mounts.flatMap((mount) => (mount.type === 'volume' ? [wantedVolume(mount)] : [])),
      ...[...new Set(anonymous)].map((target) => wantedVolume({ type: 'volume', target, mode: '' })),
    ],
    binds: mounts.flatMap((mount) =>
      mount.type === 'bind' ? [{ ...mount, propagation: mount.propagation ?? 'rprivate' }] : [],
    ),
    tmpfs: mounts.flatMap((mount) => (mount.type === 'tmpfs' ? [mount] : [])),
  }
}

function wantedVolume(mount: VolumeMountConfig): WantedVolume {
  return {
    kind: 'volume',
    target: mount.target,
    name: mount.name || undefined,
    request: mount,
    mode: mount.mode ?? 'z',
  }
}

function claim(target: string, taken: Set<string>): void {
  if (taken.has(target)) throw refused(`Duplicate mount point: ${target}`, 'mounts')
  taken.add(target)
}

function cleanMount(mount: MountConfig): MountConfig {
  const target = cleanTarget(mount.target, mount.type)
  if (mount.type === 'bind') return cleanBind(mount, target)
  if (mount.type === 'tmpfs' && (mount.sizeBytes ?? 0) < 0)
    throw refused('the size of a tmpfs is not negative', 'mounts')
  return { ...mount, target }
}

function cleanBind(mount: BindMountConfig, target: string): BindMountConfig {
  const prefix = 'invalid mount config for type "bind":'
  if (!mount.source) throw refused(`${prefix} field Source must not be empty`, 'mounts')
  if (!mount.source.startsWith('/'))
    throw refused(`${prefix} invalid mount path: '${mount.source}' mount path must be absolute`, 'mounts')
  if (mount.propagation !== undefined && !propagations.includes(mount.propagation)) {
    throw refused(`${prefix} invalid propagation mode: ${mount.propagation}`, 'mounts')
  }
  return { ...mount, source: clean(mount.source), target }
}

function cleanTarget(target: string, type: string): string {
  const prefix = `invalid mount config for type "${type}":`
  if (!target) throw refused(`${prefix} field Target must not be empty`, 'mounts')
  if (!target.startsWith('/'))
    throw refused(`${prefix} invalid mount path: '${target}' mount path must be absolute`, 'mounts')
  const path = clean(target)
  if (path === '/') throw refused(`${prefix} invalid specification: destination can't be '/'`, 'mounts')
  return path
}

function clean(path: string): string {
  const normal = posix.normalize(path)
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal
}

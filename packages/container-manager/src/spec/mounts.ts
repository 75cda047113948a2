import type { CompletedConfig, Propagation, TmpfsMountConfig } from '../container-config.js'
import type { OciMount } from './oci-types.js'

/** A mount whose source on the host is known. */
export interface HostMount {
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
  readonly propagation: Propagation
  readonly nonRecursive?: boolean | undefined
}

/** Everything that is to be mounted; see {@link mountsOf}. */
export interface MountSet {
  /** Volumes and binds. */
  readonly host: readonly HostMount[]
  readonly tmpfs: readonly TmpfsMountConfig[]
  /** resolv.conf, hostname and hosts, as paths of the host. */
  readonly files: { readonly resolvConf: string; readonly hostname: string; readonly hosts: string }
  /** The path of tini on the host, when it is wanted. */
  readonly init: string | undefined
}

/** Where tini is inside a container. */
export const initPath = '/sbin/docker-init'

/** The mounts of a container: the kernel's file systems, the engine's files, then the user's, parents before children. */
export function mountsOf(config: CompletedConfig, set: MountSet): OciMount[] {
  const user = [
    ...set.host.map(hostMount),
    ...set.tmpfs.map(tmpfsMount),
    ...Object.entries(config.tmpfs).map(([target, options]) => tmpfs(target, options.split(',').filter(Boolean))),
  ]
  const targets = new Set(user.map(({ destination }) => destination))
  const own = [...kernelMounts(config), ...fileMounts(config, set)].filter(
    ({ destination }) => !targets.has(destination) && !(targets.has('/dev') && destination.startsWith('/dev/')),
  )
  const depth = ({ destination }: OciMount) => destination.split('/').length
  return [...own, ...user.sort((a, b) => depth(a) - depth(b))]
}

function kernelMounts(config: CompletedConfig): OciMount[] {
  const access = config.privileged ? 'rw' : 'ro'
  const quiet = ['nosuid', 'noexec', 'nodev']
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: quiet },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...quiet, access] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [access, ...quiet] },
    ...ipcMounts(config),
  ]
}

function ipcMounts({ ipcMode, shmSizeBytes }: CompletedConfig): OciMount[] {
  if (ipcMode === 'host') {
    return [
      {
        destination: '/dev/shm',
        type: 'bind',
        source: '/dev/shm',
        options: ['rbind', 'rprivate', 'nosuid', 'noexec', 'nodev'],
      },
      {
        destination: '/dev/mqueue',
        type: 'bind',
        source: '/dev/mqueue',
        options: ['rbind', 'rprivate', 'nosuid', 'noexec', 'nodev'],
      },
    ]
  }
  const mqueue = {
    destination: '/dev/mqueue',
    type: 'mqueue',
    source: 'mqueue',
    options: ['nosuid', 'noexec', 'nodev'],
  }
  if (ipcMode === 'none') return [mqueue]
  const options = ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${shmSizeBytes}`]
  return [mqueue, { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options }]
}

function fileMounts({ readonlyRootfs }: CompletedConfig, { files, init }: MountSet): OciMount[] {
  const access = readonlyRootfs ? 'ro' : 'rw'
  const file = (destination: string, source: string): OciMount => ({
    destination,
    type: 'bind',
    source,
    options: ['rbind', 'rprivate', access],
  })
  const tini: OciMount[] =
    init === undefined ? [] : [{ destination: initPath, type: 'bind', source: init, options: ['bind', 'ro'] }]
  return [
    file('/etc/resolv.conf', files.resolvConf),
    file('/etc/hostname', files.hostname),
    file('/etc/hosts', files.hosts),
    ...tini,
  ]
}

function hostMount({ source, target, readOnly, propagation, nonRecursive }: HostMount): OciMount {
  const options = [nonRecursive === true ? 'bind' : 'rbind', readOnly ? 'ro' : 'rw', propagation]
  return { destination: target, type: 'bind', source, options }
}

function tmpfsMount({ target, sizeBytes, fileMode, readOnly, options = [] }: TmpfsMountConfig): OciMount {
  const size = sizeBytes ? [`size=${sizeBytes}`] : []
  const mode = fileMode === undefined ? [] : [`mode=${fileMode.toString(8)}`]
  return tmpfs(target, [...(readOnly === true ? ['ro'] : []), ...size, ...mode, ...options])
}

function tmpfs(destination: string, options: readonly string[]): OciMount {
  return { destination, type: 'tmpfs', source: 'tmpfs', options: [...quietUnless(options), ...options] }
}

/** noexec, nosuid and nodev hold unless an option says the contrary. */
function quietUnless(options: readonly string[]): string[] {
  return ['noexec', 'nosuid', 'nodev'].filter((flag) => !options.includes(flag.slice(2)))
}

/**
 * What a container is to be: the vocabulary of {@link ContainerManager.create}.
 *
 * Everything but `image` may be left out. The manager merges the image's own configuration by Docker's rules, fills in the
 * defaults and keeps the result, which {@link Container.config} shows as a {@link CompletedConfig}. Sizes are bytes,
 * paths absolute; what is not supported is refused with the code `unsupported`, never ignored.
 */
export interface ContainerConfig {
  /** A reference (`busybox`, `host:5000/app:1`) or an image id. */
  readonly image: string
  /** The arguments; replaces the image's. An empty list counts as not given. */
  readonly command?: readonly string[] | undefined
  /** What runs; replaces the image's entrypoint and drops the image's command. `['']` or `[]` clears it. */
  readonly entrypoint?: readonly string[] | undefined
  /** `NAME=value` adds or replaces; a bare `NAME` removes the image's variable. */
  readonly env?: readonly string[] | undefined
  /** `user`, `uid`, `user:group`, …; names are looked up inside the image. */
  readonly user?: string | undefined
  /** Absolute; made when the image lacks it. */
  readonly workingDir?: string | undefined
  /** The first twelve digits of the id unless given. With `networkMode: 'host'` the host's. */
  readonly hostname?: string | undefined
  readonly domainname?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** A terminal: one merged output stream, resizable. */
  readonly tty?: boolean | undefined
  /** The terminal's first size, in characters. */
  readonly consoleSize?: { readonly width: number; readonly height: number } | undefined
  /** Keep stdin open. Without it stdin is empty. */
  readonly openStdin?: boolean | undefined
  /** Close stdin when the first attached writer goes; as `openStdin` unless given. */
  readonly stdinOnce?: boolean | undefined
  readonly attachStdin?: boolean | undefined
  readonly attachStdout?: boolean | undefined
  readonly attachStderr?: boolean | undefined
  /** `SIGTERM`, `TERM`, `15`, `SIGRTMIN+3`. Default: the image's, else SIGTERM. */
  readonly stopSignal?: string | undefined
  /** How long stop waits before SIGKILL; default 10, -1 for ever. */
  readonly stopTimeoutSeconds?: number | undefined
  /** `80/tcp`. Kept for inspection. */
  readonly exposedPorts?: readonly string[] | undefined
  /** Targets that get an anonymous volume, as an image's VOLUME does. */
  readonly volumes?: readonly string[] | undefined
  readonly mounts?: readonly MountConfig[] | undefined
  /** tmpfs mounts, target → mount options (`size=64m,mode=1770`). */
  readonly tmpfs?: Readonly<Record<string, string>> | undefined
  /** `default` and `bridge` mean `none` and give a warning. Others are unsupported. */
  readonly networkMode?: string | undefined
  /** Lines `name:address` for /etc/hosts. */
  readonly extraHosts?: readonly string[] | undefined
  readonly dns?: readonly string[] | undefined
  readonly dnsSearch?: readonly string[] | undefined
  readonly dnsOptions?: readonly string[] | undefined
  /** Published ports, `80/tcp` → bindings. Anything in it is unsupported so far. */
  readonly publishedPorts?: Readonly<Record<string, readonly { hostIp?: string; hostPort?: string }[]>> | undefined
  /** Remove the container and its anonymous volumes once it has exited. */
  readonly autoRemove?: boolean | undefined
  readonly readonlyRootfs?: boolean | undefined
  readonly privileged?: boolean | undefined
  /** Capability names with or without `CAP_`, or `ALL`. */
  readonly capAdd?: readonly string[] | undefined
  readonly capDrop?: readonly string[] | undefined
  /** `seccomp=unconfined`, `seccomp=<profile JSON>`, `no-new-privileges`, `label=disable`, `apparmor=unconfined`, `systempaths=unconfined`. */
  readonly securityOpt?: readonly string[] | undefined
  readonly resources?: ResourceConfig | undefined
  readonly ulimits?: readonly UlimitConfig[] | undefined
  readonly devices?: readonly DeviceConfig[] | undefined
  /** cgroup device rules: `c 1:3 rwm`. */
  readonly deviceCgroupRules?: readonly string[] | undefined
  /** The size of /dev/shm; default 64 MiB. */
  readonly shmSizeBytes?: number | undefined
  /** Run tini as process 1. */
  readonly init?: boolean | undefined
  /** More groups of the process, names or numbers. */
  readonly groupAdd?: readonly string[] | undefined
  readonly sysctls?: Readonly<Record<string, string>> | undefined
  readonly pidMode?: '' | 'host' | undefined
  readonly ipcMode?: '' | 'private' | 'none' | 'host' | undefined
  readonly utsMode?: '' | 'host' | undefined
  /** Default: `host` on cgroup v1, `private` on v2. */
  readonly cgroupnsMode?: '' | 'private' | 'host' | undefined
  readonly cgroupParent?: string | undefined
  readonly logConfig?: LogConfig | undefined
  /** Hidden paths; default Docker's list, `[]` for none. */
  readonly maskedPaths?: readonly string[] | undefined
  /** Read-only paths; default Docker's list, `[]` for none. */
  readonly readonlyPaths?: readonly string[] | undefined
  /** Only `no` so far. */
  readonly restartPolicy?: { readonly name: string; readonly maximumRetryCount?: number | undefined } | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** A place for the caller's own view of the request (such as an API's JSON); kept and shown as it is, at most 64 KiB. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined
}

/** The configuration of a container that exists: image and defaults merged in. */
export type CompletedConfig = Omit<ContainerConfig, DefaultedKey> & {
  readonly [K in DefaultedKey]-?: Exclude<ContainerConfig[K], undefined>
}

type DefaultedKey =
  | 'env'
  | 'user'
  | 'workingDir'
  | 'hostname'
  | 'domainname'
  | 'labels'
  | 'tty'
  | 'openStdin'
  | 'stdinOnce'
  | 'attachStdin'
  | 'attachStdout'
  | 'attachStderr'
  | 'exposedPorts'
  | 'volumes'
  | 'mounts'
  | 'tmpfs'
  | 'networkMode'
  | 'autoRemove'
  | 'readonlyRootfs'
  | 'privileged'
  | 'capAdd'
  | 'capDrop'
  | 'securityOpt'
  | 'resources'
  | 'ulimits'
  | 'devices'
  | 'deviceCgroupRules'
  | 'shmSizeBytes'
  | 'init'
  | 'groupAdd'
  | 'sysctls'
  | 'pidMode'
  | 'ipcMode'
  | 'utsMode'
  | 'cgroupnsMode'
  | 'logConfig'
  | 'maskedPaths'
  | 'readonlyPaths'
  | 'restartPolicy'

/** A mount of a container. Targets are cleaned; two mounts on one target are refused. */
export type MountConfig = VolumeMountConfig | BindMountConfig | TmpfsMountConfig

/** A volume; made when absent. Without a name it is anonymous. */
export interface VolumeMountConfig {
  readonly type: 'volume'
  readonly target: string
  readonly name?: string | undefined
  readonly driver?: string | undefined
  readonly options?: Readonly<Record<string, string>> | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly readOnly?: boolean | undefined
  /** Do not fill an empty volume with what the image has at the target. */
  readonly noCopy?: boolean | undefined
  /** The mode as it was written (`ro,z`); shown in inspection, without effect. */
  readonly mode?: string | undefined
}

/** A directory or file of the host. */
export interface BindMountConfig {
  readonly type: 'bind'
  readonly source: string
  readonly target: string
  readonly readOnly?: boolean | undefined
  readonly propagation?: Propagation | undefined
  /** Make a missing source a directory at start, as `-v` does. Else a missing source is an error at create. */
  readonly createSource?: boolean | undefined
  /** Bind the directory alone, without what is mounted below it. */
  readonly nonRecursive?: boolean | undefined
  readonly mode?: string | undefined
}

/** Memory. */
export interface TmpfsMountConfig {
  readonly type: 'tmpfs'
  readonly target: string
  readonly readOnly?: boolean | undefined
  readonly sizeBytes?: number | undefined
  /** Permission bits, default 0o1777. */
  readonly fileMode?: number | undefined
  /** More mount options: `exec`, `noexec`, `size=1m`. */
  readonly options?: readonly string[] | undefined
}

/** How mounts travel between host and container. */
export type Propagation = 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave'

/** Limits; zero and absent both mean none. */
export interface ResourceConfig {
  /** At least 6 MiB. */
  readonly memoryBytes?: number | undefined
  readonly memoryReservationBytes?: number | undefined
  /** Memory and swap together; -1 no limit; absent twice the memory. */
  readonly memorySwapBytes?: number | undefined
  readonly memorySwappiness?: number | undefined
  readonly cpuShares?: number | undefined
  /** Microseconds per period. */
  readonly cpuQuota?: number | undefined
  /** Microseconds. */
  readonly cpuPeriod?: number | undefined
  /** Billionths of a CPU; excludes quota and period. */
  readonly nanoCpus?: number | undefined
  /** `0-2,4`. */
  readonly cpusetCpus?: string | undefined
  readonly cpusetMems?: string | undefined
  /** 0 and -1 mean none. */
  readonly pidsLimit?: number | undefined
  readonly blkioWeight?: number | undefined
  readonly oomKillDisable?: boolean | undefined
  /** -1000 to 1000; clamped to what this process may set, with a warning. */
  readonly oomScoreAdj?: number | undefined
}

/** A resource limit of the process. -1 is unlimited. */
export interface UlimitConfig {
  /** `nofile`, `nproc`, `core`, … */
  readonly name: string
  readonly soft: number
  readonly hard: number
}

/** A device of the host, or a directory of them. */
export interface DeviceConfig {
  readonly pathOnHost: string
  readonly pathInContainer?: string | undefined
  /** Letters of `rwm`; default all. */
  readonly permissions?: string | undefined
}

/** Where output goes. */
export interface LogConfig {
  /** `json-file`: a file that can be read back. `none`: nowhere. */
  readonly type: 'json-file' | 'none'
  /** `max-size` (default 20m, `-1` unlimited) and `max-file` (default 5). */
  readonly options?: Readonly<Record<string, string>> | undefined
}

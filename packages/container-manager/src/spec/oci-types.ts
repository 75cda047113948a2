/** The parts of the OCI runtime specification that are written here, in its own spelling. */
export interface OciSpec {
  ociVersion: string
  process: OciProcess
  root: { path: string; readonly: boolean }
  hostname?: string
  domainname?: string
  mounts: OciMount[]
  annotations?: Record<string, string>
  linux: OciLinux
}

/** A process of a container: its first, or an exec. */
export interface OciProcess {
  terminal: boolean
  consoleSize?: { height: number; width: number }
  user: OciUser
  args: string[]
  env: string[]
  cwd: string
  capabilities: OciCapabilities
  rlimits: OciRlimit[]
  noNewPrivileges: boolean
  oomScoreAdj?: number
  apparmorProfile?: string
}

export interface OciUser {
  uid: number
  gid: number
  additionalGids: number[]
}

export interface OciCapabilities {
  bounding: string[]
  effective: string[]
  permitted: string[]
  inheritable: string[]
  ambient: string[]
}

export interface OciRlimit {
  type: string
  soft: number
  hard: number
}

export interface OciMount {
  destination: string
  type: string
  source: string
  options: string[]
}

export interface OciLinux {
  namespaces: { type: string; path?: string }[]
  cgroupsPath: string
  resources: OciResources
  devices: OciDevice[]
  maskedPaths: string[]
  readonlyPaths: string[]
  sysctl: Record<string, string>
  seccomp?: OciSeccomp
  rootfsPropagation?: string
}

export interface OciDevice {
  path: string
  type: 'c' | 'b' | 'p'
  major: number
  minor: number
  fileMode: number
  uid: number
  gid: number
}

export interface OciDeviceRule {
  allow: boolean
  type?: string
  major?: number
  minor?: number
  access: string
}

export interface OciResources {
  devices: OciDeviceRule[]
  memory?: {
    limit?: number
    reservation?: number
    swap?: number
    swappiness?: number
    disableOOMKiller?: boolean
  }
  cpu?: { shares?: number; quota?: number; period?: number; cpus?: string; mems?: string }
  pids?: { limit: number }
  blockIO?: { weight?: number }
}

export interface OciSeccomp {
  defaultAction: string
  defaultErrnoRet?: number
  architectures?: string[]
  syscalls?: OciSyscallRule[]
}

export interface OciSyscallRule {
  names: string[]
  action: string
  errnoRet?: number
  args?: OciSyscallArg[]
}

export interface OciSyscallArg {
  index: number
  value: number
  valueTwo?: number
  op: string
}

/** What `create` and `run` were told about the container, as it was written. */
export interface ContainerFlags {
  readonly addHost?: readonly string[]
  readonly annotation?: readonly string[]
  readonly attach?: readonly string[]
  readonly blkioWeight?: string
  readonly capAdd?: readonly string[]
  readonly capDrop?: readonly string[]
  readonly cgroupParent?: string
  readonly cgroupns?: string
  readonly cidfile?: string
  readonly cpuPeriod?: string
  readonly cpuQuota?: string
  readonly cpuShares?: string
  readonly cpus?: string
  readonly cpusetCpus?: string
  readonly cpusetMems?: string
  readonly device?: readonly string[]
  readonly dns?: readonly string[]
  readonly dnsOption?: readonly string[]
  readonly dnsSearch?: readonly string[]
  readonly domainname?: string
  readonly entrypoint?: string
  readonly env?: readonly string[]
  readonly envFile?: readonly string[]
  readonly expose?: readonly string[]
  readonly groupAdd?: readonly string[]
  readonly hostname?: string
  readonly init?: boolean
  readonly interactive?: boolean
  readonly ipc?: string
  readonly label?: readonly string[]
  readonly labelFile?: readonly string[]
  readonly logDriver?: string
  readonly logOpt?: readonly string[]
  readonly memory?: string
  readonly memoryReservation?: string
  readonly memorySwap?: string
  readonly memorySwappiness?: string
  readonly mount?: readonly string[]
  readonly name?: string
  readonly network?: string
  readonly net?: string
  readonly oomKillDisable?: boolean
  readonly oomScoreAdj?: string
  readonly pid?: string
  readonly pidsLimit?: string
  readonly platform?: string
  readonly privileged?: boolean
  readonly publish?: readonly string[]
  readonly publishAll?: boolean
  readonly pull?: string
  readonly quiet?: boolean
  readonly readOnly?: boolean
  readonly restart?: string
  readonly rm?: boolean
  readonly runtime?: string
  readonly securityOpt?: readonly string[]
  readonly shmSize?: string
  readonly stopSignal?: string
  readonly stopTimeout?: string
  readonly storageOpt?: readonly string[]
  readonly sysctl?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly tty?: boolean
  readonly ulimit?: readonly string[]
  readonly user?: string
  readonly userns?: string
  readonly uts?: string
  readonly volume?: readonly string[]
  readonly volumeDriver?: string
  readonly volumesFrom?: readonly string[]
  readonly workdir?: string
}

/** What `run` was told beside. */
export interface RunFlags extends ContainerFlags {
  readonly detach?: boolean
  readonly detachKeys?: string
  readonly sigProxy?: boolean
}

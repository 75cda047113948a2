/** The kernel's numbers (`linux/mount.h`); they are the same on every architecture. */
export const mountFlags = Object.freeze({
  readOnly: 0x1,
  noSuid: 0x2,
  noDev: 0x4,
  noExec: 0x8,
  synchronous: 0x10,
  remount: 0x20,
  mandatoryLocks: 0x40,
  dirSync: 0x80,
  noSymlinkFollow: 0x100,
  noAtime: 0x400,
  noDirAtime: 0x800,
  bind: 0x1000,
  recursive: 0x4000,
  silent: 0x8000,
  unbindable: 0x20000,
  private: 0x40000,
  slave: 0x80000,
  shared: 0x100000,
  relAtime: 0x200000,
  strictAtime: 0x1000000,
  lazyTime: 0x2000000,
})

/** umount2(2)'s flags. */
export const unmountFlags = Object.freeze({ force: 0x1, lazy: 0x2, noFollow: 0x8 })

/** Options that set or clear a flag. A negative number clears. */
export const flagOptions: Readonly<Record<string, number>> = Object.freeze({
  defaults: 0,
  ro: mountFlags.readOnly,
  rw: -mountFlags.readOnly,
  nosuid: mountFlags.noSuid,
  suid: -mountFlags.noSuid,
  nodev: mountFlags.noDev,
  dev: -mountFlags.noDev,
  noexec: mountFlags.noExec,
  exec: -mountFlags.noExec,
  sync: mountFlags.synchronous,
  async: -mountFlags.synchronous,
  mand: mountFlags.mandatoryLocks,
  nomand: -mountFlags.mandatoryLocks,
  dirsync: mountFlags.dirSync,
  nosymfollow: mountFlags.noSymlinkFollow,
  symfollow: -mountFlags.noSymlinkFollow,
  noatime: mountFlags.noAtime,
  atime: -mountFlags.noAtime,
  nodiratime: mountFlags.noDirAtime,
  diratime: -mountFlags.noDirAtime,
  relatime: mountFlags.relAtime,
  norelatime: -mountFlags.relAtime,
  strictatime: mountFlags.strictAtime,
  nostrictatime: -mountFlags.strictAtime,
  lazytime: mountFlags.lazyTime,
  nolazytime: -mountFlags.lazyTime,
  silent: mountFlags.silent,
  loud: -mountFlags.silent,
})

/** The bits that these options set. */
export function flagsOf(options: readonly string[]): number {
  return options.reduce((flags, option) => flags | Math.max(flagOptions[option] ?? 0, 0), 0)
}

/** How mounts and unmounts spread between peers; the kernel takes each in a call of its own. */
export const propagationOptions: Readonly<Record<string, number>> = Object.freeze({
  private: mountFlags.private,
  rprivate: mountFlags.private | mountFlags.recursive,
  shared: mountFlags.shared,
  rshared: mountFlags.shared | mountFlags.recursive,
  slave: mountFlags.slave,
  rslave: mountFlags.slave | mountFlags.recursive,
  unbindable: mountFlags.unbindable,
  runbindable: mountFlags.unbindable | mountFlags.recursive,
})

/** How a mount spreads to and from its peers, as mount(8) spells it. */
export type Propagation =
  | 'private'
  | 'rprivate'
  | 'shared'
  | 'rshared'
  | 'slave'
  | 'rslave'
  | 'unbindable'
  | 'runbindable'

/** The functions of the C library that Node does not have, or has in a form that takes longer. */
export const declarations = {
  statx: { returns: 'int', args: ['int', 'str', 'int', 'uint32', 'void *'] },
  openat: { returns: 'int', args: ['int', 'void *', 'int', 'uint'] },
  lseek: { returns: 'int64', args: ['int', 'int64', 'int'] },
  flistxattr: { returns: 'int64', args: ['int', 'void *', 'size_t'] },
  listxattr: { returns: 'int64', args: ['str', 'void *', 'size_t'] },
  getxattr: { returns: 'int64', args: ['str', 'void *', 'void *', 'size_t'] },
  setxattr: { returns: 'int', args: ['str', 'void *', 'void *', 'size_t', 'int'] },
  removexattr: { returns: 'int', args: ['str', 'void *'] },
  futimens: { returns: 'int', args: ['int', 'void *'] },
  utimensat: { returns: 'int', args: ['int', 'str', 'void *', 'int'] },
  ioctl: { returns: 'int', args: ['int', 'ulong', 'int'] },
  copy_file_range: { returns: 'int64', args: ['int', 'void *', 'int', 'void *', 'size_t', 'uint'] },
  syncfs: { returns: 'int', args: ['int'] },
  // Neither has a name in the C library that is old enough.
  openat2: { returns: 'long', args: ['long', 'int', 'void *', 'void *', 'size_t'], symbol: 'syscall' },
  cachestat: { returns: 'long', args: ['long', 'int', 'void *', 'void *', 'uint'], symbol: 'syscall' },
  // mknodat has a name of its own in the C library only since glibc 2.33.
  syscall: { returns: 'long', args: ['long', 'int', 'void *', 'uint', 'ulong'] },
} as const

/** The number of mknodat(2) on a machine. */
export const mknodatNumbers: Readonly<Partial<Record<NodeJS.Architecture, number>>> = {
  x64: 259,
  arm64: 33,
  riscv64: 33,
  loong64: 33,
  ppc64: 288,
  s390x: 290,
}

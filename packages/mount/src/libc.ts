import { type Argument, bindLibc, type KoffiLoader, type Outcome } from '@pouch/libc'

/** The system calls that Node does not have. Each answers the errno's name, or `undefined` when it succeeded. */
export interface Libc {
  mount(source: string, target: string, type: string, flags: number, data: string): string | undefined
  unmount(target: string, flags: number): string | undefined
  /** The same two on another thread, for what may wait for a disk. */
  mountAside(source: string, target: string, type: string, flags: number, data: string): Promise<string | undefined>
  unmountAside(target: string, flags: number): Promise<string | undefined>
  mkfifo(path: string, mode: number): string | undefined
  fallocate(fd: number, mode: number, offset: number, length: number): string | undefined
}

/** Binds the calls. @throws PouchError `unsupported` where koffi cannot be loaded or a symbol is missing */
export async function loadLibc(load: KoffiLoader): Promise<Libc> {
  // A 32-bit libc has its 64-bit offsets under another name; elsewhere the plain one has them.
  const fallocateName = process.arch === 'arm' || process.arch === 'ia32' ? 'fallocate64' : 'fallocate'
  const libc = await bindLibc(
    {
      mount: { returns: 'int', args: ['str', 'str', 'str', 'ulong', 'str'] },
      umount2: { returns: 'int', args: ['str', 'int'] },
      mkfifo: { returns: 'int', args: ['str', 'uint32'] },
      fallocate: { returns: 'int', args: ['int', 'int', 'int64', 'int64'], symbol: fallocateName },
    },
    load,
  )
  return {
    mount: errnoOf(libc.mount),
    unmount: errnoOf(libc.umount2),
    mountAside: async (...args) => (await libc.mount.async(...args)).errno,
    unmountAside: async (...args) => (await libc.umount2.async(...args)).errno,
    mkfifo: errnoOf(libc.mkfifo),
    fallocate: errnoOf(libc.fallocate),
  }
}

function errnoOf<Args extends readonly Argument[]>(call: (...args: readonly Argument[]) => Outcome) {
  return (...args: Args) => call(...args).errno
}

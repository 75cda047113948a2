import type { KoffiFunc } from 'koffi'
import { errnoName } from './errno-name.js'

/** The system calls that Node does not have. Each answers the errno's name, or `undefined` when it succeeded. */
export interface Libc {
  mount(source: string, target: string, type: string, flags: number, data: string): string | undefined
  unmount(target: string, flags: number): string | undefined
  mkfifo(path: string, mode: number): string | undefined
  fallocate(fd: number, mode: number, offset: number, length: number): string | undefined
}

/** Brings koffi in: `() => import('koffi')`. It may reject where koffi is not installed or has no binary. */
export type KoffiLoader = () => Promise<Pick<typeof import('koffi'), 'default'>>

type Call<Args extends unknown[]> = KoffiFunc<(...args: Args) => number>

/** Binds the calls. @throws whatever koffi throws where it cannot be loaded or a symbol is missing */
export async function loadLibc(load: KoffiLoader): Promise<Libc> {
  const { default: koffi } = await load()
  const library = koffi.load(null)
  // A 32-bit libc has its 64-bit offsets under another name; elsewhere the plain one has them.
  const fallocateName = process.arch === 'arm' || process.arch === 'ia32' ? 'fallocate64' : 'fallocate'
  const mount: Call<[string, string, string, number, string]> = library.func('mount', 'int', [
    'str',
    'str',
    'str',
    'ulong',
    'str',
  ])
  const unmount: Call<[string, number]> = library.func('umount2', 'int', ['str', 'int'])
  const mkfifo: Call<[string, number]> = library.func('mkfifo', 'int', ['str', 'uint32'])
  const fallocate: Call<[number, number, number, number]> = library.func(fallocateName, 'int', [
    'int',
    'int',
    'int64',
    'int64',
  ])
  const outcome = (result: number) => (result === 0 ? undefined : errnoName(koffi.errno()))
  return {
    mount: (...args) => outcome(mount(...args)),
    unmount: (...args) => outcome(unmount(...args)),
    mkfifo: (...args) => outcome(mkfifo(...args)),
    fallocate: (...args) => outcome(fallocate(...args)),
  }
}

import { PouchError } from '@pouch/errors'
import type { Argument, Bound, BoundFunction, Declaration, Declarations, Outcome } from './declaration.js'
import { errnoName } from './errno-name.js'

/** Brings koffi in: `() => import('koffi')`. It may reject where koffi is not installed or has no binary. */
export type KoffiLoader = () => Promise<Pick<typeof import('koffi'), 'default'>>

type Koffi = Awaited<ReturnType<KoffiLoader>>['default']
type Library = ReturnType<Koffi['load']>

/**
 * Binds functions of the C library that this process runs on. koffi is loaded here, not when the package is imported.
 *
 * @param declarations the functions, by the names under which they are wanted
 * @param load brings koffi in; `import('koffi')` unless given
 * @throws PouchError `unsupported` outside Linux, where koffi cannot be loaded, and where the library lacks a function
 *
 * @example
 * const { access } = await bindLibc({ access: { returns: 'int', args: ['str', 'int'] } })
 * access('/nowhere', 0) // { value: -1, errno: 'ENOENT' }
 */
export async function bindLibc<D extends Declarations>(
  declarations: D,
  load: KoffiLoader = () => import('koffi'),
): Promise<Bound<D>> {
  if (process.platform !== 'linux') {
    const message = `the C library is called on Linux alone, and this is ${process.platform}; run it on Linux`
    throw new PouchError('unsupported', message, { op: 'libc.bind', details: { platform: process.platform } })
  }
  const koffi = await loadKoffi(load)
  const library = openLibrary(koffi)
  const entries = Object.entries(declarations).map(([name, declaration]) => [
    name,
    bindFunction(koffi, library, declaration.symbol ?? name, declaration),
  ])
  return Object.freeze(Object.fromEntries(entries)) as Bound<D>
}

async function loadKoffi(load: KoffiLoader): Promise<Koffi> {
  try {
    return (await load()).default
  } catch (cause) {
    const place = `${process.platform} ${process.arch}`
    const message = `the package koffi, which calls the C library, cannot be loaded on ${place}; install it with its binary for this system (npm install koffi)`
    throw new PouchError('unsupported', message, { op: 'libc.bind', subject: 'koffi', cause })
  }
}

/** `null` is what the process itself was linked with, whatever libc that is. */
function openLibrary(koffi: Koffi): Library {
  try {
    return koffi.load(null)
  } catch (cause) {
    const message = 'the C library of this process cannot be opened by koffi; a statically linked Node has none to open'
    throw new PouchError('unsupported', message, { op: 'libc.bind', subject: 'libc', cause })
  }
}

function bindFunction(koffi: Koffi, library: Library, symbol: string, declaration: Declaration): BoundFunction {
  const native = findSymbol(library, symbol, declaration)
  const outcome = (value: unknown): Outcome => {
    // Read first: whatever runs on this thread may change it.
    const errno = koffi.errno()
    return { value: numberOf(value), errno: isFailure(declaration, value) ? errnoName(errno) : undefined }
  }
  const call = (...args: readonly Argument[]): Outcome => {
    checkCount(symbol, declaration, args)
    return outcome(native(...args))
  }
  // koffi keeps the errno of the other thread and puts it back right before the callback.
  const async = async (...args: readonly Argument[]): Promise<Outcome> => {
    checkCount(symbol, declaration, args)
    return await new Promise((resolve, reject) => {
      const settle = (error: unknown, value: unknown) => {
        if (error === null || error === undefined) resolve(outcome(value))
        else reject(callError(symbol, args, error))
      }
      try {
        native.async(...args, settle)
      } catch (error) {
        reject(callError(symbol, args, error))
      }
    })
  }
  return Object.assign(call, { async })
}

function findSymbol(library: Library, symbol: string, { returns, args }: Declaration): ReturnType<Library['func']> {
  try {
    return library.func(symbol, returns, [...args])
  } catch (cause) {
    const message = `the C library of this system has no ${symbol} of the form ${returns} (${args.join(', ')}); a newer libc may have it`
    throw new PouchError('unsupported', message, { op: 'libc.bind', subject: symbol, cause })
  }
}

function isFailure({ returns }: Declaration, value: unknown): boolean {
  if (returns.endsWith('*')) return value === null || value === 0n || value === 0
  return value === -1 || value === -1n
}

function numberOf(value: unknown): number | bigint {
  return typeof value === 'number' || typeof value === 'bigint' ? value : 0
}

function checkCount(symbol: string, { args: types }: Declaration, args: readonly Argument[]): void {
  if (args.length === types.length) return
  const message = `${symbol} was called with ${args.length} arguments; its declaration has ${types.length}`
  throw new PouchError('invalid-argument', message, { op: 'libc.call', subject: symbol })
}

/** koffi takes a bounded number of calls at a time. The arguments are kept here until the call has ended. */
function callError(symbol: string, args: readonly Argument[], cause: unknown): PouchError {
  const code = cause instanceof TypeError ? 'invalid-argument' : 'exhausted'
  const message = `${symbol} could not be called on another thread with ${args.length} arguments`
  return new PouchError(code, message, { op: 'libc.call', subject: symbol, cause })
}

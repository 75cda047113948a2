import { PouchError } from '@pouch/errors'
import { flagOptions, mountFlags, type Propagation, propagationOptions } from './mount-flags.js'

/** Options of a mount, taken apart. */
export interface MountOptions {
  /** The bits of mount(2) for this mount: read-only, nosuid, atime and so on; see {@link mountFlags}. */
  readonly flags: number
  readonly bind: 'none' | 'plain' | 'recursive'
  readonly remount: boolean
  /** Set in this order, each by a call of its own. */
  readonly propagation: readonly Propagation[]
  /** What the file system itself is to read: `size=1m,mode=1777`. */
  readonly data: string
}

/** The kernel copies one page of data and drops the rest unsaid. */
const dataLimitBytes = 4095

/**
 * Takes mount options apart as mount(8) does: those that every mount knows become flags, a later one wins over an earlier one, and
 * all others are data for the file system.
 *
 * @param options each one option or several with commas: `['ro', 'nosuid,nodev', 'size=1m']`
 * @param data more data for the file system, appended
 * @throws PouchError `invalid-argument` on a NUL, or on more data than the kernel reads (4095 bytes)
 */
export function parseMountOptions(options: readonly string[], data = ''): MountOptions {
  let flags = 0
  let bind: MountOptions['bind'] = 'none'
  let remount = false
  const propagation: Propagation[] = []
  const rest: string[] = []
  for (const option of options.flatMap((several) => several.split(',')).filter((one) => one !== '')) {
    const flag = Object.hasOwn(flagOptions, option) ? flagOptions[option] : undefined
    if (flag !== undefined) flags = flag < 0 ? flags & ~-flag : flags | flag
    else if (option === 'bind') bind = bind === 'recursive' ? bind : 'plain'
    else if (option === 'rbind') bind = 'recursive'
    else if (option === 'remount') remount = true
    else if (isPropagation(option)) propagation.push(option)
    else rest.push(option)
  }
  if (data !== '') rest.push(data)
  return Object.freeze({ flags, bind, remount, propagation, data: checkData(rest.join(',')) })
}

/** Whether a string is one of the propagation options. */
export function isPropagation(option: string): option is Propagation {
  return Object.hasOwn(propagationOptions, option)
}

/** One call of mount(2). `options` says the same to mount(8). */
export interface MountStep {
  readonly kind: 'mount' | 'bind' | 'remount' | 'remount-bind' | 'propagation'
  readonly flags: number
  readonly options: readonly string[]
  readonly data: string
}

/**
 * The calls of mount(2) that the options need, in order: a bind takes its flags only in a remount, and propagation is set alone.
 *
 * @param type the file system's; a bind has none. With neither a type nor a bind nor a remount only propagation is changed
 */
export function planMount(type: string, options: MountOptions): MountStep[] {
  const isNew = options.bind === 'none' && !options.remount && type !== '' && type !== 'none'
  return [
    ...(isNew ? [mountStep(options)] : []),
    ...(options.remount || options.bind === 'none' ? [] : [bindStep(options)]),
    ...(options.bind !== 'none' && (options.remount || options.flags !== 0) ? [remountBindStep(options.flags)] : []),
    ...(options.bind === 'none' && options.remount ? [remountStep(options)] : []),
    ...options.propagation.map(propagationStep),
  ]
}

/** The step that gives a bind its flags. */
export function remountBindStep(flags: number): MountStep {
  const all = mountFlags.remount | mountFlags.bind | flags
  return { kind: 'remount-bind', flags: all, options: ['remount', 'bind', ...flagWords(flags)], data: '' }
}

function mountStep({ flags, data }: MountOptions): MountStep {
  return { kind: 'mount', flags, options: flagWords(flags), data }
}

function bindStep({ bind }: MountOptions): MountStep {
  if (bind === 'plain') return { kind: 'bind', flags: mountFlags.bind, options: ['bind'], data: '' }
  return { kind: 'bind', flags: mountFlags.bind | mountFlags.recursive, options: ['rbind'], data: '' }
}

function remountStep({ flags, data }: MountOptions): MountStep {
  return { kind: 'remount', flags: mountFlags.remount | flags, options: ['remount', ...flagWords(flags)], data }
}

function propagationStep(option: Propagation): MountStep {
  return { kind: 'propagation', flags: propagationOptions[option] ?? 0, options: [option], data: '' }
}

function flagWords(flags: number): string[] {
  const set = Object.entries(flagOptions).filter(([, flag]) => flag > 0 && (flags & flag) !== 0)
  return set.map(([word]) => word)
}

function checkData(data: string): string {
  if (data.includes('\0')) throw refused('they contain a NUL')
  const bytes = Buffer.byteLength(data)
  if (bytes > dataLimitBytes) throw refused(`${bytes} bytes of them, and the kernel reads ${dataLimitBytes}`)
  return data
}

function refused(why: string): PouchError {
  return new PouchError('invalid-argument', `these mount options cannot be used: ${why}`, { op: 'mount' })
}

import { chmod } from 'node:fs/promises'
import { PouchError, throwIfAborted } from '@pouch/errors'
import type { KoffiLoader } from '@pouch/libc'
import { mountAt, mountsUnder } from './find-mount.js'
import { type Libc, loadLibc } from './libc.js'
import { isLightMount, isLightUnmount } from './light-mount.js'
import { type FailedCall, mountError } from './mount-error.js'
import { flagsOf, unmountFlags } from './mount-flags.js'
import { type MountStep, planMount, remountBindStep } from './mount-options.js'
import { runProgram } from './mount-program.js'
import {
  type BindOptions,
  type CheckedRequest,
  checkRequest,
  defaultDeadlineMs,
  type MountCall,
  type MountRequest,
  type UnmountOptions,
} from './mount-request.js'
import { readMountinfo } from './mountinfo.js'
import { mountArgs, unmountArgs } from './program-args.js'
import { requireAbsolute } from './require-absolute.js'
import { requireLinux } from './require-linux.js'

/** How a {@link Mounter} works. */
export interface MounterOptions {
  /** Brings koffi in; `import('koffi')` unless given. Where it rejects, programs of the system do the work. */
  readonly loadKoffi?: KoffiLoader | undefined
  /** Milliseconds that a helper process gets unless a call says otherwise; {@link defaultDeadlineMs} unless given. */
  readonly deadlineMs?: number | undefined
}

const punchHoleKeepSize = 0x1 | 0x2

/**
 * Mounts and unmounts. What cannot hang is a system call of this process, through koffi, which is loaded on first use; all else is
 * mount(8) or umount(8) in a process that is killed at its deadline. Without koffi the programs do everything.
 */
export class Mounter {
  readonly #loadKoffi: KoffiLoader
  readonly #deadlineMs: number
  #loading: Promise<Libc | undefined> | undefined
  #loadFailure: unknown

  constructor(options: MounterOptions = {}) {
    this.#loadKoffi = options.loadKoffi ?? (() => import('koffi'))
    this.#deadlineMs = options.deadlineMs ?? defaultDeadlineMs
  }

  /** See the function `mount`. */
  async mount(request: MountRequest, call: MountCall = {}): Promise<void> {
    requireLinux('mount')
    const checked = checkRequest(request)
    const { type, target, options } = checked
    throwIfAborted(call.signal, { op: 'mount', subject: target })
    const steps = planMount(type, options)
    if (steps.length === 0) {
      const message = `nothing to mount on ${target}: give a type, 'bind', 'remount' or a propagation`
      throw new PouchError('invalid-argument', message, { op: 'mount', subject: target })
    }
    const isLight = await isLightMount(checked)
    const libc = isLight || call.inProcess === true ? await this.#libc() : undefined
    let made = false
    try {
      for (const step of steps) {
        const complete = made && step.kind === 'remount-bind' ? await keepFlags(step, target) : step
        await this.#take(complete, checked, call, libc, isLight)
        made ||= step.kind === 'mount' || step.kind === 'bind'
      }
    } catch (error) {
      throw made ? await this.#undo(target, error) : error
    }
  }

  /** See the function `bindMount`. */
  async bindMount(source: string, target: string, options: BindOptions = {}): Promise<void> {
    const { readOnly = false, recursive = false, propagation, signal, deadlineMs } = options
    const flags = [...(options.options ?? []), ...(readOnly ? ['ro'] : [])]
    const words = [recursive ? 'rbind' : 'bind', ...flags, ...(propagation === undefined ? [] : [propagation])]
    const call = { signal, deadlineMs }
    await this.mount({ source, target, type: '', options: words }, call)
    if (!recursive || flags.length === 0) return
    try {
      for (const below of await mountsUnder(target)) {
        const remount = ['remount', 'bind', ...below.options.filter(isKept), ...flags]
        await this.mount({ source: 'none', target: below.mountPoint, type: '', options: remount }, call)
      }
    } catch (error) {
      throw await this.#undo(requireAbsolute(target, 'mount'), error)
    }
  }

  /** See the function `unmount`. */
  async unmount(target: string, options: UnmountOptions = {}): Promise<void> {
    requireLinux('unmount')
    const absolute = requireAbsolute(target, 'unmount')
    const failed = { op: 'unmount', what: `unmount ${absolute}`, subject: absolute }
    throwIfAborted(options.signal, failed)
    const entries = await readMountinfo()
    const entry = await mountAt(absolute, entries)
    if (entry === undefined)
      throw mountError('EINVAL', { ...failed, what: `unmount ${absolute}, where nothing is mounted` })
    const isLight = isLightUnmount(entry, entries)
    const isHere = options.force !== true && (isLight || options.inProcess === true)
    const libc = isHere ? await this.#libc() : undefined
    if (libc !== undefined) {
      const args = [entry.mountPoint, unmountFlags.noFollow | (options.lazy === true ? unmountFlags.lazy : 0)] as const
      succeed(isLight ? libc.unmount(...args) : await libc.unmountAside(...args), failed)
      return
    }
    const names = [entry.mountPoint, entry.source, absolute]
    const args = unmountArgs(entry.mountPoint, options)
    await runProgram({ ...failed, program: 'umount', args, names, ...this.#limits(options) })
  }

  /** See the function `mkfifo`. */
  async mkfifo(path: string, mode = 0o600): Promise<void> {
    requireLinux('mkfifo')
    const absolute = requireAbsolute(path, 'mkfifo')
    const failed = { op: 'mkfifo', what: `make the FIFO ${absolute}`, subject: absolute }
    if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
      throw new PouchError('invalid-argument', `${failed.what}: ${mode} is not a file mode`, failed)
    }
    const libc = await this.#libc()
    if (libc === undefined) {
      const args = ['-m', mode.toString(8), '--', absolute]
      await runProgram({ ...failed, program: 'mkfifo', args, names: [absolute], ...this.#limits({}) })
      return
    }
    succeed(libc.mkfifo(absolute, mode), failed)
    // The process's umask took bits off.
    await chmod(absolute, mode)
  }

  /** See the function `punchHole`. */
  async punchHole(fd: number, offset: number, length: number): Promise<void> {
    requireLinux('punchHole')
    const failed = { op: 'punchHole', what: `punch a hole of ${length} bytes at ${offset}`, subject: `fd ${fd}` }
    const isRange = [fd, offset, length].every((number) => Number.isSafeInteger(number) && number >= 0) && length > 0
    if (!isRange || !Number.isSafeInteger(offset + length)) {
      throw new PouchError('invalid-argument', `${failed.what}: that is not a range of a file`, failed)
    }
    const libc = await this.#libc()
    if (libc === undefined) {
      const message = `${failed.what}: it takes the package koffi, which could not be loaded here`
      throw new PouchError('unsupported', message, { ...failed, cause: this.#loadFailure })
    }
    succeed(libc.fallocate(fd, punchHoleKeepSize, offset, length), failed)
  }

  async #take(
    step: MountStep,
    request: CheckedRequest,
    call: MountCall,
    libc: Libc | undefined,
    isLight: boolean,
  ): Promise<void> {
    const { source, target, type } = request
    const failed = { op: 'mount', what: describe(step, request), subject: target }
    if (libc !== undefined) {
      const words = [source, target, type, step.flags, step.data] as const
      succeed(isLight ? libc.mount(...words) : await libc.mountAside(...words), failed)
      return
    }
    const args = mountArgs(step, request)
    await runProgram({ ...failed, program: 'mount', args, names: [source, target], ...this.#limits(call) })
  }

  /** Takes away what an earlier step mounted. @returns the error to throw */
  async #undo(target: string, error: unknown): Promise<unknown> {
    try {
      await this.unmount(target, { lazy: true })
      return error
    } catch (undoError) {
      const { code, message } = PouchError.from(error)
      const text = `${message}; and what was mounted before that could not be unmounted again`
      const cause = new AggregateError([error, undoError], text)
      return new PouchError(code, text, { op: 'mount', subject: target, cause })
    }
  }

  async #libc(): Promise<Libc | undefined> {
    this.#loading ??= loadLibc(this.#loadKoffi).catch((error: unknown) => {
      this.#loadFailure = error
      return undefined
    })
    return await this.#loading
  }

  #limits({ signal, deadlineMs }: MountCall): { signal: AbortSignal | undefined; deadlineMs: number } {
    return { signal, deadlineMs: deadlineMs ?? this.#deadlineMs }
  }
}

/** A bind has the flags of the mount that it was made from, and a remount would clear those that it does not name. */
async function keepFlags(step: MountStep, target: string): Promise<MountStep> {
  const entry = await mountAt(target, await readMountinfo())
  return remountBindStep(step.flags | flagsOf((entry?.options ?? []).filter(isKept)))
}

function isKept(option: string): boolean {
  return ['ro', 'nosuid', 'nodev', 'noexec', 'nosymfollow'].includes(option)
}

function describe({ kind, options }: MountStep, { source, target, type }: CheckedRequest): string {
  if (kind === 'mount') return `mount ${source} (${type}) on ${target}`
  return kind === 'bind' ? `bind ${source} to ${target}` : `set ${options.join(',')} on ${target}`
}

function succeed(errno: string | undefined, failed: FailedCall): void {
  if (errno !== undefined) throw mountError(errno, failed)
}

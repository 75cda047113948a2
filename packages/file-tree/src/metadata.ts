import { hasErrno } from '@pouch/errors'
import type { Attribute } from './attribute.js'
import { type ByteName, shownName } from './byte-name.js'
import { chmod, chown } from './descriptor.js'
import { type FileStat, isOpened } from './file-stat.js'
import type { Progress } from './progress.js'
import { type PromptWork, settled } from './prompt-work.js'
import type { Promptness } from './promptness.js'
import type { SystemCalls } from './system-calls.js'
import type { Ownership } from './tree-call.js'

/** What a file is to have besides its content. */
export interface Metadata {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Left as it is when absent. */
  readonly mtimeNs: bigint | undefined
  readonly attributes: readonly Attribute[]
}

const setIdBits = 0o6000
const secondNs = 1_000_000_000n

/** Gives files their owners, permissions, attributes and times; says what a file system or the caller's rights do not let through. */
export class MetadataKeeper {
  readonly #system: SystemCalls
  readonly #progress: Progress
  readonly #ownership: Ownership
  readonly #promptness: Promptness
  readonly #uid = process.geteuid?.() ?? 0
  #hasToldOwnership = false

  constructor(system: SystemCalls, progress: Progress, ownership: Ownership, promptness: Promptness) {
    this.#system = system
    this.#progress = progress
    this.#ownership = ownership
    this.#promptness = promptness
  }

  /** The permissions to make a file with: all that it gets, unless it gets another owner first. */
  initialMode({ mode, uid }: Metadata): number {
    return this.#ownership === 'caller' || uid === this.#uid ? mode & 0o777 : 0o600
  }

  /** @param descriptor a file or directory that is open; else one that only holds, as for a symbolic link */
  *apply(descriptor: number, path: ByteName, metadata: Metadata): PromptWork<void> {
    const stat = this.#system.stat(descriptor)
    const isOpen = isOpened(stat)
    const isOwners = yield* this.#own(descriptor, path, metadata, stat)
    if (stat.kind !== 'symlink') {
      const mode = isOwners ? metadata.mode : metadata.mode & ~setIdBits
      // A change of the owner takes the set-id bits away.
      const { mode: found } = belongsTo(stat, metadata) ? stat : this.#system.stat(descriptor)
      if (found !== mode) yield* this.#do((atOnce) => chmod(descriptor, mode, isOpen, atOnce))
    }
    // After the owner: a change of it takes capabilities away. After the mode: that would change an ACL's mask.
    for (const attribute of metadata.attributes) yield* this.#attribute(descriptor, path, attribute)
    const { mtimeNs } = metadata
    if (mtimeNs !== undefined) {
      yield* this.#do((atOnce) => this.#system.setMtime(descriptor, mtimeNs, isOpen, atOnce))
      if (!isKeptAnywhere(mtimeNs)) this.#checkTime(descriptor, path, mtimeNs)
    }
  }

  /** A file system takes what it cannot keep without an error, and keeps the closest that it can. */
  #checkTime(descriptor: number, path: ByteName, mtimeNs: bigint): void {
    const { mtimeNs: kept } = this.#system.stat(descriptor)
    // Some keep every other second only.
    if (kept - mtimeNs <= 2n * secondNs && mtimeNs - kept <= 2n * secondNs) return
    const [got, wanted] = [kept / secondNs, mtimeNs / secondNs]
    const why = `its time, ${wanted} seconds from 1970, is beyond what the file system keeps; it got ${got}`
    this.#progress.warn('attribute', path, why)
  }

  #do(call: (atOnce: boolean) => Promise<void> | void): PromptWork<void> {
    return settled(this.#promptness.held(call))
  }

  /** @returns whether the file belongs to whom it should */
  *#own(descriptor: number, path: ByteName, metadata: Metadata, stat: FileStat): PromptWork<boolean> {
    const { uid, gid } = metadata
    if (this.#ownership === 'caller') return false
    if (belongsTo(stat, metadata)) return true
    try {
      yield* this.#do((atOnce) => chown(descriptor, uid, gid, isOpened(stat), atOnce))
      return true
    } catch (error) {
      // EINVAL: an id that the caller's user namespace does not have.
      if (!hasErrno(error, 'EPERM', 'EINVAL')) throw error
      if (!this.#hasToldOwnership) {
        this.#progress.warn('ownership', path, `it and others stay the caller's: setting owners takes root here`)
      }
      this.#hasToldOwnership = true
      return false
    }
  }

  *#attribute(descriptor: number, path: ByteName, { name, value }: Attribute): PromptWork<void> {
    try {
      yield* this.#do((atOnce) => this.#system.setAttribute(descriptor, name, value, atOnce))
    } catch (error) {
      // ENOSPC is also what ext4 says to more attributes than fit a block. A full disk shows itself with the next content.
      if (!hasErrno(error, 'EOPNOTSUPP', 'ENOTSUP', 'EPERM', 'EACCES', 'EINVAL', 'ENOSPC', 'E2BIG', 'ERANGE'))
        throw error
      const errno = (error as NodeJS.ErrnoException).code
      this.#progress.warn('attribute', path, `its attribute ${shownName(name)} cannot be kept here (${errno})`)
    }
  }
}

function belongsTo(stat: FileStat, { uid, gid }: Metadata): boolean {
  return stat.uid === uid && stat.gid === gid
}

/** Whether a time fits what all file systems of Linux keep: it is not before 1970, and its seconds have 31 bits. */
function isKeptAnywhere(ns: bigint): boolean {
  return ns >= 0n && ns < 2n ** 31n * secondNs
}

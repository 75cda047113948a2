import { chmodSync, chownSync } from 'node:fs'
import { hasErrno } from '@pouch/errors'
import type { Attribute } from './attribute.js'
import { type ByteName, shownName } from './byte-name.js'
import { chmod, chown, sameAs } from './descriptor.js'
import type { FileStat } from './file-stat.js'
import type { Progress } from './progress.js'
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

  /** @param descriptor may only hold the file, as one does that stands for a symbolic link */
  async apply(descriptor: number, path: ByteName, metadata: Metadata): Promise<void> {
    const stat = this.#system.stat(descriptor)
    const ownerHolds = await this.#own(descriptor, path, metadata, stat)
    if (stat.kind !== 'symlink') {
      const mode = ownerHolds ? metadata.mode : metadata.mode & ~setIdBits
      // A change of the owner takes the set-id bits away.
      if (this.#system.stat(descriptor).mode !== mode) await this.#chmod(descriptor, mode)
    }
    // After the owner: a change of it takes capabilities away. After the mode: that would change an ACL's mask.
    for (const attribute of metadata.attributes) await this.#attribute(descriptor, path, attribute)
    const { mtimeNs } = metadata
    if (mtimeNs !== undefined) {
      await this.#do((atOnce) => this.#system.setMtime(descriptor, mtimeNs, atOnce))
    }
  }

  /** What is done at once is done when the call returns. */
  async #do(call: (atOnce: boolean) => Promise<void>): Promise<void> {
    await (this.#promptness.isAtOnce ? this.#promptness.run(() => call(true)) : call(false))
  }

  async #chmod(descriptor: number, mode: number): Promise<void> {
    if (this.#promptness.isAtOnce) this.#promptness.run(() => chmodSync(sameAs(descriptor), mode))
    else await chmod(sameAs(descriptor), mode)
  }

  async #chown(descriptor: number, uid: number, gid: number): Promise<void> {
    if (this.#promptness.isAtOnce) this.#promptness.run(() => chownSync(sameAs(descriptor), uid, gid))
    else await chown(sameAs(descriptor), uid, gid)
  }

  /** @returns whether the file belongs to whom it should */
  async #own(descriptor: number, path: ByteName, { uid, gid }: Metadata, stat: FileStat): Promise<boolean> {
    if (this.#ownership === 'caller') return false
    if (stat.uid === uid && stat.gid === gid) return true
    try {
      await this.#chown(descriptor, uid, gid)
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

  async #attribute(descriptor: number, path: ByteName, { name, value }: Attribute): Promise<void> {
    try {
      await this.#do((atOnce) => this.#system.setAttribute(descriptor, name, value, atOnce))
    } catch (error) {
      // ENOSPC is also what ext4 says to more attributes than fit a block. A full disk shows itself with the next content.
      if (!hasErrno(error, 'EOPNOTSUPP', 'ENOTSUP', 'EPERM', 'EACCES', 'EINVAL', 'ENOSPC', 'E2BIG', 'ERANGE'))
        throw error
      const errno = (error as NodeJS.ErrnoException).code
      this.#progress.warn('attribute', path, `its attribute ${shownName(name)} cannot be kept here (${errno})`)
    }
  }
}

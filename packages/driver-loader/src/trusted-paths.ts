import type { Stats } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { PouchError } from '@pouch/errors'

const mostLinks = 40
/** A driver has files by the hundred. Whatever is much larger is no driver, or a whole checkout of something. */
const mostEntries = 50_000

/**
 * Paths that nobody but root and the user of this process can change: every directory on the way to them, and every symbolic link and
 * what it stands for, belongs to one of the two and is not writable by group or others. A sticky directory is refused, too: others can
 * put files into it.
 */
export class TrustedPaths {
  readonly #owners: ReadonlySet<number>
  readonly #trusted = new Set<string>()
  readonly #walked = new Set<string>()
  #entries = 0

  /** @throws PouchError `unsupported` on a system without owners */
  constructor() {
    const user = process.geteuid?.()
    if (user === undefined) {
      const text = 'drivers are not loaded from packages on this system, which tells no owners of files'
      throw new PouchError('unsupported', text, { op: 'drivers.load' })
    }
    this.#owners = new Set([0, user])
  }

  /**
   * Follows a path step by step.
   *
   * @param path absolute
   * @returns where it leads, without symbolic links
   * @throws PouchError `permission-denied` naming the first step that others can change, `not-found`, and what the system throws
   */
  async resolve(path: string): Promise<string> {
    const steps = path.split('/').filter((step) => step !== '')
    let [real, links] = ['/', 0]
    await this.#check(real)
    for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
      if (step === '.') continue
      if (step === '..') {
        real = dirname(real)
        continue
      }
      const next = join(real, step)
      const target = await this.#check(next)
      if (target === undefined) {
        real = next
        continue
      }
      links += 1
      if (links > mostLinks) throw new PouchError('invalid-argument', `${path} leads through too many symbolic links`)
      if (isAbsolute(target)) real = '/'
      steps.unshift(...target.split('/').filter((each) => each !== ''))
    }
    return real
  }

  /**
   * Looks at everything below a directory, which is trusted itself.
   *
   * @throws PouchError as {@link resolve}; `exhausted` when there is no end to it
   */
  async resolveAll(directory: string): Promise<void> {
    if (this.#walked.has(directory)) return
    this.#walked.add(directory)
    for (const name of await readdir(directory)) {
      this.#entries += 1
      if (this.#entries > mostEntries) {
        throw new PouchError('exhausted', `there are more than ${mostEntries} files to check, the last in ${directory}`)
      }
      const path = join(directory, name)
      const target = await this.#check(path)
      if (target !== undefined) await this.resolve(path).catch(allowDangling)
      else if ((await lstat(path)).isDirectory()) await this.resolveAll(path)
    }
  }

  /** @returns what a symbolic link stands for; `undefined` for everything else */
  async #check(path: string): Promise<string | undefined> {
    if (this.#trusted.has(path)) return undefined
    const stat = await lstat(path)
    if (!this.#owners.has(stat.uid)) throw untrusted(path, `belongs to user ${stat.uid}`, chownHint(this.#owners))
    // Nobody can write to a symbolic link; whoever owns it or its directory could replace it.
    if (stat.isSymbolicLink()) return await readlink(path)
    if ((stat.mode & 0o022) !== 0)
      throw untrusted(path, `can be written by ${writersOf(stat)}`, isSticky(stat) ? undefined : 'chmod go-w')
    this.#trusted.add(path)
    return undefined
  }
}

function writersOf({ mode }: Stats): string {
  return (mode & 0o002) === 0 ? 'its group' : 'everybody'
}

function chownHint(owners: ReadonlySet<number>): string {
  return owners.size === 1 ? 'chown root' : `chown to root or user ${[...owners].at(-1)}`
}

/** Such a directory is meant to be written by all, as the one for temporary files is: its mode is right as it is. */
const isSticky = (stat: Stats) => stat.isDirectory() && (stat.mode & 0o1000) !== 0

function untrusted(path: string, why: string, hint: string | undefined): PouchError {
  const wayOut = `${hint === undefined ? '' : `${hint} it, or `}move what is needed elsewhere`
  const text = `${path} ${why}, who could put other code in its place: ${wayOut}`
  return new PouchError('permission-denied', text, { op: 'drivers.trust', subject: path, details: { path } })
}

/** A link that leads nowhere leads to no code. */
function allowDangling(error: unknown): void {
  if (PouchError.from(error).code !== 'not-found') throw error
}

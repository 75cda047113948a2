import { closeSync } from 'node:fs'
import type { Attribute } from './attribute.js'
import type { ByteName } from './byte-name.js'
import type { FileStat } from './file-stat.js'

/** An entry of a tree, held on to: whatever happens to its name, this is the file that `stat` tells of. */
export class FoundEntry {
  /** Relative to the root, which is the empty path. */
  readonly path: ByteName
  readonly stat: FileStat
  readonly attributes: readonly Attribute[]
  /** Where a symbolic link leads, as it is written there. */
  readonly target: ByteName | undefined
  /** The path that the same file was found under before. */
  linkOf: ByteName | undefined
  /** A small file's bytes, when they were read already. They need not be as many as `stat` tells. */
  content: Buffer | undefined
  #descriptor: number | undefined

  constructor(found: {
    path: ByteName
    stat: FileStat
    attributes: readonly Attribute[]
    target?: ByteName | undefined
    content?: Buffer | undefined
    descriptor?: number | undefined
  }) {
    this.path = found.path
    this.stat = found.stat
    this.attributes = found.attributes
    this.target = found.target
    this.content = found.content
    this.#descriptor = found.descriptor
  }

  /** Open for reading: a file whose content was not read yet. */
  get descriptor(): number | undefined {
    return this.#descriptor
  }

  /** Whoever gets an entry closes it. A file that was only read has nothing left to be written, so that this does not wait. */
  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }
}

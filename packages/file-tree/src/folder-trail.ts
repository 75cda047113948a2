import { closeSync } from 'node:fs'
import { type ByteName, joinName } from './byte-name.js'
import { open, openFlags, placeOf } from './descriptor.js'

/** The directories on the way to where is looked now, each open; for reading beside a walk. Follows no link. */
export class FolderTrail {
  readonly #stack: { readonly path: ByteName; readonly descriptor: number }[]

  /** @param rootDescriptor the trail's own from here on */
  constructor(rootDescriptor: number) {
    this.#stack = [{ path: '', descriptor: rootDescriptor }]
  }

  /** A directory by its path. @throws an error with ENOENT, ENOTDIR or ELOOP where it is none */
  async reach(path: ByteName): Promise<number> {
    for (;;) {
      const top = this.#stack.at(-1)
      if (top === undefined) throw new TypeError('the trail was closed')
      if (top.path === path) return top.descriptor
      if (top.path === '' || path.startsWith(`${top.path}/`)) await this.#step(top, path)
      else {
        this.#stack.pop()
        closeSync(top.descriptor)
      }
    }
  }

  close(): void {
    for (const { descriptor } of this.#stack.splice(0)) closeSync(descriptor)
  }

  async #step(top: { readonly path: ByteName; readonly descriptor: number }, path: ByteName): Promise<void> {
    const [name = ''] = path.slice(top.path === '' ? 0 : top.path.length + 1).split('/', 1)
    const descriptor = await open(placeOf(top.descriptor, name), openFlags.directory)
    this.#stack.push({ path: joinName(top.path, name), descriptor })
  }
}

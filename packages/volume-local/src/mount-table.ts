import { closeSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { isWithin, parseMountinfo } from '@pouch/mount'

/**
 * The mounts that this process sees, for a question that is asked with every removal. The kernel makes the text from its memory, in less
 * time than it takes to hand the reading to another thread, and the file stays open, since closing it takes the kernel longer than reading it.
 * Those who ask in one turn of the event loop share the text, and it is taken apart only when it has the name that is asked for.
 */
export class MountTable {
  #text: string | undefined
  #file: number | undefined
  #buffer = Buffer.allocUnsafe(16_384)

  /** Where something is mounted at or below a directory, which is canonical. */
  pointsWithin(directory: string): string[] {
    if (process.platform !== 'linux') return []
    this.#text ??= this.#read()
    const name = basename(directory)
    if (!this.#text.includes(`/${name}/`) && !this.#text.includes(`/${name} `)) return []
    const points = parseMountinfo(this.#text).map(({ mountPoint }) => mountPoint)
    return points.filter((point) => isWithin(directory, point))
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  #read(): string {
    setImmediate(() => {
      this.#text = undefined
    })
    this.#file ??= openSync('/proc/self/mountinfo', 'r')
    for (let length = 0; ; ) {
      if (length === this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer], length * 2)
      // From the beginning on, the kernel makes the text anew.
      const bytes = readSync(this.#file, this.#buffer, length, this.#buffer.length - length, length)
      if (bytes === 0) return this.#buffer.toString('utf8', 0, length)
      length += bytes
    }
  }
}

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { isWithin, parseMountinfo } from '@pouch/mount'

/**
 * The mounts that this process sees, for a question that is asked with every removal. The kernel makes the text from its memory, in less
 * time than it takes to hand the reading to another thread; those who ask in one turn of the event loop share it, and it is taken
 * apart only when it has the name that is asked for.
 */
export class MountTable {
  #text: string | undefined

  /** Where something is mounted at or below a directory, which is canonical. */
  pointsWithin(directory: string): string[] {
    if (process.platform !== 'linux') return []
    this.#text ??= this.#read()
    const name = basename(directory)
    if (!this.#text.includes(`/${name}/`) && !this.#text.includes(`/${name} `)) return []
    const points = parseMountinfo(this.#text).map(({ mountPoint }) => mountPoint)
    return points.filter((point) => isWithin(directory, point))
  }

  #read(): string {
    setImmediate(() => {
      this.#text = undefined
    })
    return readFileSync('/proc/self/mountinfo', 'utf8')
  }
}

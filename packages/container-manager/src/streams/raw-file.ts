import { closeSync, constants, fstatSync, openSync, read } from 'node:fs'
import { promisify } from 'node:util'
import { punchHole } from '@pouch/mount'

const readAt = promisify(read)
/** Blocks are given back in pieces of this size at least: each takes a system call. */
const punchStepBytes = 4 * 1024 * 1024

/**
 * The plain file that a process's output is appended to, by containerd's shim or, for a terminal, by us. It only ever grows; what
 * every reader has behind it is given back to the file system as a hole.
 */
export class RawFile {
  readonly path: string
  readonly #fd: number
  #punchedBytes = 0
  #isOpen = true

  constructor(path: string) {
    this.path = path
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  }

  /** Its length, holes included. */
  size(): number {
    return this.#isOpen ? fstatSync(this.#fd).size : 0
  }

  /** Reads into `buffer`. @returns how many bytes there were */
  async read(buffer: Buffer, position: number): Promise<number> {
    if (!this.#isOpen) return 0
    const { bytesRead } = await readAt(this.#fd, buffer, 0, buffer.length, position)
    return bytesRead
  }

  /** Gives back what lies before `position`, once that is worth it. @throws PouchError as punchHole does */
  async release(position: number): Promise<void> {
    const end = position - (position % 4096)
    if (!this.#isOpen || end - this.#punchedBytes < punchStepBytes) return
    const start = this.#punchedBytes
    this.#punchedBytes = end
    await punchHole(this.#fd, start, end - start)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeSync(this.#fd)
  }
}

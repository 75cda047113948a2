import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  write,
} from 'node:fs'
import { promisify } from 'node:util'
import type { LogRotation } from '../config/log-options.js'
import { Pulse } from '../sync/pulse.js'
import type { LogPosition } from './log-position.js'

const writeAt = promisify(write)
const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
const mode = 0o640

/** Where a json-file ends: which of the files that have been the current one, and how many bytes of it are whole. */
export interface LogEnd {
  /** Counts the rotations since the log was opened. */
  readonly generation: number
  readonly lengthBytes: number
}

/**
 * The json-file of a container: `x.log`, and the older `x.log.1`, `x.log.2`, … that rotation set aside.
 *
 * A batch is acknowledged by {@link JsonLog.append} when the file has all of it; readers see no further than that. Rotation
 * renames without a pause in between, so that a reader that opens files in one go sees one state.
 */
export class JsonLog {
  readonly path: string
  readonly pulse = new Pulse()
  readonly #rotation: LogRotation
  #fd: number
  #inode: number
  #lengthBytes: number
  #generation = 0

  /** Opens or makes the file. Whatever lies after the last whole line is cut off: it is the start of a line that was never finished. */
  constructor(path: string, rotation: LogRotation) {
    this.path = path
    this.#rotation = rotation
    this.#fd = openSync(path, flags, mode)
    const { ino, size } = fstatSync(this.#fd)
    this.#inode = ino
    this.#lengthBytes = size
    this.#cut(wholeLines(this.#fd, size))
  }

  get inode(): number {
    return this.#inode
  }

  get end(): LogEnd {
    return { generation: this.#generation, lengthBytes: this.#lengthBytes }
  }

  get maxFiles(): number {
    return this.#rotation.maxFiles
  }

  /**
   * Goes back to a position, which takes away what was written after it. When the file was rotated after that position was
   * taken, there is nothing to take away: the position is the end of what is now the first of the older files.
   */
  rewind(position: LogPosition): void {
    if (position.inode === this.#inode) this.#cut(Math.min(position.lengthBytes, this.#lengthBytes))
    else if (inodeOf(`${this.path}.1`) === position.inode) this.#cut(0)
  }

  /** Adds entries, whole lines of JSON. @throws an error of the file system; nothing was added then */
  async append(entries: string): Promise<void> {
    const bytes = Buffer.from(entries)
    const before = this.#lengthBytes
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await writeAt(this.#fd, bytes, done, bytes.length - done, before + done)
        done += bytesWritten
      }
    } catch (error) {
      ftruncateSync(this.#fd, before)
      throw error
    }
    this.#lengthBytes = before + bytes.length
    this.pulse.beat()
  }

  /** Sets a full file aside. @returns whether it did */
  rotate(): boolean {
    const { maxSizeBytes, maxFiles } = this.#rotation
    if (maxSizeBytes === undefined || this.#lengthBytes < maxSizeBytes) return false
    if (maxFiles === 1) rmSync(this.path)
    else this.#shift(maxFiles)
    closeSync(this.#fd)
    this.#fd = openSync(this.path, flags, mode)
    this.#inode = fstatSync(this.#fd).ino
    this.#lengthBytes = 0
    this.#generation += 1
    this.pulse.beat()
    return true
  }

  close(): void {
    closeSync(this.#fd)
    this.pulse.beat()
  }

  /** Moves the older files up by one, no further than to the first number that is free. */
  #shift(maxFiles: number): void {
    let free = 1
    while (free < maxFiles - 1 && inodeOf(`${this.path}.${free}`) !== undefined) free += 1
    for (let number = free; number > 1; number -= 1) renameSync(`${this.path}.${number - 1}`, `${this.path}.${number}`)
    renameSync(this.path, `${this.path}.1`)
  }

  #cut(lengthBytes: number): void {
    if (lengthBytes < this.#lengthBytes) ftruncateSync(this.#fd, lengthBytes)
    this.#lengthBytes = lengthBytes
  }
}

/** The length of a file up to the end of its last whole line. */
function wholeLines(fd: number, size: number): number {
  const block = Buffer.alloc(64 * 1024)
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - block.length)
    const length = readSync(fd, block, 0, end - start, start)
    const newline = block.subarray(0, length).lastIndexOf(0x0a)
    if (newline >= 0) return start + newline + 1
    end = start
  }
  return 0
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

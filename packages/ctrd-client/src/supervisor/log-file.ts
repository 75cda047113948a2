import { type FSWatcher, watch } from 'node:fs'
import { copyFile, type FileHandle, open, stat, truncate } from 'node:fs/promises'
import type { Logger } from '../logger.js'

/**
 * A file that another process appends to, kept below a size: when it grows past it, it is copied to `<path>.1` and cut.
 * Lines written between the two are lost.
 */
export class LogFile {
  readonly path: string
  readonly #maxBytes: number
  readonly #log: Logger | undefined
  #watcher: FSWatcher | undefined
  #rotating: Promise<void> | undefined

  constructor(path: string, maxBytes: number, log: Logger | undefined) {
    this.path = path
    this.#maxBytes = maxBytes
    this.#log = log
  }

  /** A handle for the other process to append to. The caller closes it. */
  open(): Promise<FileHandle> {
    return open(this.path, 'a', 0o600)
  }

  /** Bounds the file from now on. */
  async follow(): Promise<void> {
    await (await this.open()).close()
    await this.#bound()
    this.#watcher = watch(this.path, { persistent: false }, () => void this.#bound())
    this.#watcher.on('error', (error) => this.#log?.warn({ err: error, path: this.path }, 'a log is no longer bounded'))
  }

  async unfollow(): Promise<void> {
    this.#watcher?.close()
    await this.#rotating
  }

  /** The last bytes, for an error's message. */
  async tail(bytes: number): Promise<string> {
    const file = await open(this.path, 'r')
    try {
      const { size } = await file.stat()
      const buffer = Buffer.alloc(Math.min(size, bytes))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length)
      return buffer.toString('utf8', 0, bytesRead)
    } finally {
      await file.close()
    }
  }

  #bound(): Promise<void> {
    this.#rotating ??= this.#rotate().finally(() => {
      this.#rotating = undefined
    })
    return this.#rotating
  }

  async #rotate(): Promise<void> {
    try {
      const { size } = await stat(this.path)
      if (size <= this.#maxBytes) return
      await copyFile(this.path, `${this.path}.1`)
      await truncate(this.path, 0)
    } catch (error) {
      this.#log?.warn({ err: error, path: this.path }, 'a log could not be cut')
    }
  }
}

import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { PouchError } from '@pouch/errors'

/** How far the raw output has been written into the json-file. */
export interface LogPosition {
  /** The json-file that the length is of. */
  readonly inode: number
  /** Its length once everything up to the offsets was in it. */
  readonly lengthBytes: number
  /** Bytes of the raw files that are in it. */
  readonly stdoutBytes: number
  readonly stderrBytes: number
}

const slotBytes = 64
const magic = 0x504f5331
const fields = ['inode', 'lengthBytes', 'stdoutBytes', 'stderrBytes'] as const

/**
 * Keeps a {@link LogPosition} in a small file of two slots that are written in turn: a write that was cut short leaves the
 * other one. Nothing is synced; the page cache outlives a killed process.
 */
export class LogPositionFile {
  readonly #fd: number
  #sequence = 0
  #position: LogPosition | undefined

  private constructor(fd: number) {
    this.#fd = fd
  }

  /** Opens the file and makes it when it is not there. */
  static open(path: string): LogPositionFile {
    const file = new LogPositionFile(openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600))
    file.#read(path)
    return file
  }

  /** The newest position; `undefined` in a new file. */
  get position(): LogPosition | undefined {
    return this.#position
  }

  write(position: LogPosition): void {
    const sequence = this.#sequence + 1
    const slot = Buffer.alloc(slotBytes)
    slot.writeUInt32LE(magic, 0)
    slot.writeBigUInt64LE(BigInt(sequence), 8)
    for (const [index, field] of fields.entries()) slot.writeBigUInt64LE(BigInt(position[field]), 16 + index * 8)
    slot.writeUInt32LE(crc32(slot.subarray(8)), 4)
    writeSync(this.#fd, slot, 0, slotBytes, (sequence % 2) * slotBytes)
    this.#sequence = sequence
    this.#position = position
  }

  close(): void {
    closeSync(this.#fd)
  }

  #read(path: string): void {
    const bytes = Buffer.alloc(2 * slotBytes)
    const length = readSync(this.#fd, bytes, 0, bytes.length, 0)
    const slots = [bytes.subarray(0, slotBytes), bytes.subarray(slotBytes)].filter(isWhole)
    const newest = slots.sort((a, b) => sequenceOf(b) - sequenceOf(a))[0]
    if (newest === undefined) {
      if (length > 0)
        throw new PouchError('corrupt', `the log position in '${path}' cannot be read`, {
          op: 'container.logs',
          subject: path,
        })
      return
    }
    this.#sequence = sequenceOf(newest)
    const value = (index: number) => Number(newest.readBigUInt64LE(16 + index * 8))
    this.#position = { inode: value(0), lengthBytes: value(1), stdoutBytes: value(2), stderrBytes: value(3) }
  }
}

const isWhole = (slot: Buffer): boolean =>
  slot.readUInt32LE(0) === magic && slot.readUInt32LE(4) === crc32(slot.subarray(8))

const sequenceOf = (slot: Buffer): number => Number(slot.readBigUInt64LE(8))

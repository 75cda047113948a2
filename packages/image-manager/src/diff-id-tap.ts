import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createGunzip } from 'node:zlib'
import { PouchError } from '@pouch/errors'
import { damagedGzip, type Peeked } from './compression.js'

const blockBytes = 512
const checksumAt = 148
const checksumBytes = 8

/**
 * Reckons the digest of a layer's tar while the layer flows past as it is, plain or compressed with gzip, so that neither
 * is ever held.
 */
export class DiffIdTap {
  readonly #peeked: Peeked
  readonly #hash = createHash('sha256')
  #head = Buffer.alloc(0)

  constructor(peeked: Peeked) {
    this.#peeked = peeked
  }

  /** The layer's bytes. Ends with an error when they are no tar. */
  through(): AsyncIterable<Uint8Array> {
    return this.#peeked.compression === 'gzip' ? this.#throughGunzip() : this.#throughPlain()
  }

  /** The digest of the tar; to be asked for once the layer was read to its end. */
  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`
  }

  async *#throughPlain(): AsyncIterable<Uint8Array> {
    for await (const chunk of this.#peeked.body) {
      this.#see(chunk)
      yield chunk
    }
    this.#end()
  }

  async *#throughGunzip(): AsyncIterable<Uint8Array> {
    const unzip = createGunzip({ chunkSize: 256 * 1024 })
    const seeing = this.#seeAll(unzip)
    // Its failure is thrown where it is waited for below.
    seeing.catch(() => undefined)
    try {
      for await (const chunk of this.#peeked.body) {
        if (!unzip.write(chunk)) await Promise.race([once(unzip, 'drain'), seeing])
        yield chunk
      }
      unzip.end()
      await seeing
    } finally {
      unzip.destroy()
    }
    this.#end()
  }

  async #seeAll(tar: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of tar) this.#see(chunk)
    } catch (error) {
      throw damagedGzip(error)
    }
  }

  #see(chunk: Uint8Array): void {
    this.#hash.update(chunk)
    if (this.#head.byteLength >= blockBytes) return
    this.#head = Buffer.concat([this.#head, chunk]).subarray(0, blockBytes)
    if (this.#head.byteLength === blockBytes) assertTarHeader(this.#head)
  }

  #end(): void {
    if (this.#head.byteLength < blockBytes) throw noTar('it ends before the first header')
  }
}

function assertTarHeader(block: Uint8Array): void {
  if (block.every((byte) => byte === 0)) return
  const field = Buffer.from(block.subarray(checksumAt, checksumAt + checksumBytes)).toString('latin1')
  const sum = block.reduce(
    (total, byte, at) => total + (at >= checksumAt && at < checksumAt + checksumBytes ? 0x20 : byte),
    0,
  )
  if (Number.parseInt(field, 8) !== sum) throw noTar('its first header is not one')
}

function noTar(why: string): PouchError {
  return new PouchError('invalid-argument', `the data is not a tar archive: ${why}`, { op: 'image.readTar' })
}

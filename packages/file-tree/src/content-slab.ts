const slabBytes = 1024 * 1024

/**
 * Memory for the contents of small files, a part of a larger piece for each. It is let go of with the last of its parts; memory of its own for
 * each would cost more than to read what it is for.
 */
export class ContentSlab {
  #slab = Buffer.alloc(0)
  #used = 0

  /** Memory for so many bytes, at most 1 MiB. */
  take(length: number): Buffer {
    if (this.#used + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes)
      this.#used = 0
    }
    this.#used += length
    return this.#slab.subarray(this.#used - length, this.#used)
  }
}

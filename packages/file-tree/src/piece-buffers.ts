/** The most that is read, or written, at a time. */
export const pieceBytes = 1024 * 1024

/** Gives memory for the pieces of a file. */
export type TakeBuffer = (length: number) => Buffer

/**
 * Two buffers in turn: one is filled while the other is looked at. Memory that is new for each piece costs more than reading it: it lies outside
 * of V8's heap, and V8 collects all garbage of a small heap again and again to get it back.
 */
export function pieceBuffers(): TakeBuffer {
  let [next, other] = [Buffer.alloc(0), Buffer.alloc(0)]
  return (length) => {
    if (next.length < length) next = Buffer.allocUnsafeSlow(Math.min(pieceBytes, Math.max(length, 2 * next.length)))
    const taken = next
    ;[next, other] = [other, next]
    return taken.subarray(0, length)
  }
}

/** Memory that is whoever's gets it, for good. */
export const ownBuffer: TakeBuffer = (length) => Buffer.allocUnsafeSlow(length)

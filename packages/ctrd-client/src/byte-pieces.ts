/** The same bytes in pieces of this size, the last one of a run of chunks smaller. */
export async function* bytePieces(
  source: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  let held: Uint8Array[] = []
  let length = 0
  for await (const chunk of source) {
    held.push(chunk)
    length += chunk.length
    if (length < bytes) continue
    const joined = join(held, length)
    for (let at = 0; at < length; at += bytes) yield joined.subarray(at, Math.min(at + bytes, length))
    held = []
    length = 0
  }
  if (length > 0) yield join(held, length)
}

function join(chunks: readonly Uint8Array[], length: number): Buffer {
  const [only] = chunks
  if (chunks.length === 1 && only !== undefined) return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
  return Buffer.concat(chunks, length)
}

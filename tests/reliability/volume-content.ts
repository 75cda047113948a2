const blockBytes = 512

/**
 * What was written into a volume, read from an archive of it; empty for an empty one.
 *
 * @throws when what was written twice is not there twice
 */
export async function contentOf(archive: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of archive) chunks.push(chunk)
  const files = new Map(filesIn(Buffer.concat(chunks)))
  const content = files.get('data') ?? ''
  const again = files.get('sub/again') ?? ''
  if (content !== again) throw new Error(`half of a content: ${JSON.stringify(content)} and ${JSON.stringify(again)}`)
  return content
}

/** The plain files of a tar, by name. */
function* filesIn(tar: Buffer): Iterable<[name: string, text: string]> {
  let at = 0
  while (at + blockBytes <= tar.length && tar[at] !== 0) {
    const header = tar.subarray(at, at + blockBytes)
    const sizeBytes = Number.parseInt(header.toString('latin1', 124, 136), 8)
    const body = tar.subarray(at + blockBytes, at + blockBytes + sizeBytes)
    const name = header.toString('utf8', 0, 100).replace(/\0.*$/s, '').replace(/^\.\//, '')
    if (header[156] === '0'.charCodeAt(0)) yield [name, body.toString()]
    at += blockBytes + Math.ceil(sizeBytes / blockBytes) * blockBytes
  }
}

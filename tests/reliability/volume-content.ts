const blockBytes = 512
/** Where the content is: twice, so that a half of it is seen. */
export const contentFiles = ['data', 'sub/again'] as const

/** An archive of a volume with some content, made without a file: whoever is killed leaves none behind. */
export function archiveOf(content: string): Uint8Array {
  const files = contentFiles.map((name) => Buffer.concat([header(name, '0', content.length), padded(content)]))
  return Buffer.concat([header('sub/', '5', 0), ...files, Buffer.alloc(2 * blockBytes)])
}

function header(name: string, type: string, sizeBytes: number): Buffer {
  const block = Buffer.alloc(blockBytes)
  const mode = type === '5' ? '0000755' : '0000644'
  block.write(name, 0)
  block.write(`${mode}\0${'0000000\0'.repeat(2)}${octal(sizeBytes)}\0${octal(0)}\0${' '.repeat(8)}${type}`, 100)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

const octal = (value: number) => value.toString(8).padStart(11, '0')

function padded(content: string): Buffer {
  const body = Buffer.alloc(Math.ceil(content.length / blockBytes) * blockBytes)
  body.write(content)
  return body
}

/**
 * What was written into a volume, read from an archive of it; empty for an empty one.
 *
 * @throws when what was written twice is not there twice
 */
export async function contentOf(archive: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of archive) chunks.push(chunk)
  const files = new Map(filesIn(Buffer.concat(chunks)))
  const content = files.get(contentFiles[0]) ?? ''
  const again = files.get(contentFiles[1]) ?? ''
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

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'

/** All bytes of a stream. */
export async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A stream of bytes, in chunks of a size. */
export async function* inChunks(data: Buffer, size = 65536): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < data.length; offset += size)
    yield await Promise.resolve(data.subarray(offset, offset + size))
}

export function gnuTar(root: string, ...options: readonly string[]): Buffer {
  return execFileSync('tar', ['-c', '--sort=name', ...options, '-C', root, '.'], { maxBuffer: 1 << 30 })
}

export function gnuUntar(root: string, archive: Buffer, ...options: readonly string[]): void {
  execFileSync('tar', ['-xp', '-C', root, ...options], { input: archive, stdio: ['pipe', 'ignore', 'pipe'] })
}

/** A ustar member, for archives that no honest program writes. */
export function member(fields: {
  name: string
  type?: string
  data?: Buffer | string
  link?: string
  size?: number | string
  mode?: number
}): Buffer {
  const { name, type = '0', link = '', mode = 0o644 } = fields
  const data = Buffer.from(fields.data ?? '')
  const header = Buffer.alloc(512)
  header.write(name, 0, 100, 'latin1')
  header.write(mode.toString(8).padStart(7, '0'), 100)
  header.write('0000000', 108)
  header.write('0000000', 116)
  const size = fields.size ?? data.length
  header.write(typeof size === 'string' ? size : size.toString(8).padStart(11, '0'), 124, 12, 'latin1')
  header.write('00000000000', 136)
  header.write(type, 156)
  header.write(link, 157, 100, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  sealed(header)
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)])
}

/** Puts the right checksum into a header. */
export function sealed(header: Buffer): void {
  header.fill(0x20, 148, 156)
  let sum = 0
  for (const byte of header.subarray(0, 512)) sum += byte
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}

/** Members with the mark of the end. */
export function archive(...members: readonly Buffer[]): Buffer {
  return Buffer.concat([...members, Buffer.alloc(1024)])
}

/** A pax header with these records. */
export function pax(records: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`
    let length = Buffer.byteLength(rest) + 1
    while (String(length).length + Buffer.byteLength(rest) !== length) length += 1
    return `${length}${rest}`
  })
  return member({ name: 'PaxHeaders/x', type: 'x', data: lines.join('') })
}

export function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

import { closeSync, openSync } from 'node:fs'
import { bindLibc } from '@pouch/libc'

const declarations = {
  lgetxattr: { returns: 'int64', args: ['str', 'str', 'void *', 'size_t'] },
  lsetxattr: { returns: 'int', args: ['str', 'str', 'void *', 'size_t', 'int'] },
  llistxattr: { returns: 'int64', args: ['str', 'void *', 'size_t'] },
  lseek: { returns: 'int64', args: ['int', 'int64', 'int'] },
} as const

const bound = bindLibc(declarations)

export async function setAttribute(path: string, name: string, value: Buffer): Promise<void> {
  const { errno } = (await bound).lsetxattr(path, name, value, value.length, 0)
  if (errno !== undefined) throw new Error(`lsetxattr ${path} ${name}: ${errno}`)
}

/** All attributes of a path, their values in hex. */
export async function attributes(path: string): Promise<Record<string, string>> {
  const { llistxattr, lgetxattr } = await bound
  const names = Buffer.alloc(65536)
  const { value: length } = llistxattr(path, names, names.length)
  const found: Record<string, string> = {}
  for (const name of names.toString('utf8', 0, Number(length)).split('\0').filter(Boolean).sort()) {
    const value = Buffer.alloc(65536)
    const { value: size } = lgetxattr(path, name, value, value.length)
    found[name] = value.toString('hex', 0, Number(size))
  }
  return found
}

/** Where a file's data is, as `[start, end]`. */
export async function dataOf(path: string): Promise<[number, number][]> {
  const { lseek } = await bound
  const descriptor = openSync(path, 'r')
  try {
    const pieces: [number, number][] = []
    for (let offset = 0; ; ) {
      const start = lseek(descriptor, offset, 3)
      if (start.errno !== undefined) return pieces
      offset = Number(lseek(descriptor, Number(start.value), 4).value)
      pieces.push([Number(start.value), offset])
    }
  } finally {
    closeSync(descriptor)
  }
}

/** An ACL in the kernel's form. */
export function acl(...entries: readonly (readonly [tag: number, permissions: number, id?: number])[]): Buffer {
  const value = Buffer.alloc(4 + entries.length * 8)
  value.writeUInt32LE(2, 0)
  for (const [index, [tag, permissions, id = 0xffffffff]] of entries.entries()) {
    value.writeUInt16LE(tag, 4 + index * 8)
    value.writeUInt16LE(permissions, 6 + index * 8)
    value.writeUInt32LE(id, 8 + index * 8)
  }
  return value
}

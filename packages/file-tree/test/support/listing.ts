import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What find(1) tells of a tree: kind, permissions, owners, size, time, links, target, and the SHA-256 of each file. One line an entry. */
export function listing(root: string, { owners = true }: { readonly owners?: boolean } = {}): string[] {
  // Sizes and link counts of directories are the file system's own business.
  const format = `%P\\0%y %m ${owners ? '%U:%G ' : ''}%T@ %l\\0%y %s %n %i\\0`
  const text = execFileSync('find', [root, '!', '-type', 's', '-printf', format], {
    encoding: 'latin1',
    maxBuffer: 1 << 28,
  })
  const fields = text.split('\0').slice(0, -1)
  const inodes = new Map<string, string>()
  const lines: { path: string; facts: string; kind: string; size: string; links: string; inode: string }[] = []
  for (let index = 0; index < fields.length; index += 3) {
    const [path = '', facts = '', rest = ''] = fields.slice(index, index + 3)
    const [kind = '', size = '', links = '', inode = ''] = rest.split(' ')
    lines.push({ path, facts, kind, size, links, inode })
  }
  lines.sort((a, b) => (a.path < b.path ? -1 : 1))
  return lines.map(({ path, facts, kind, size, links, inode }) => {
    if (kind === 'd') return `${path} ${facts}`
    if (!inodes.has(inode)) inodes.set(inode, path)
    const content = kind === 'f' ? sha256(Buffer.from(join(root, path), 'latin1')) : ''
    return `${path} ${facts} ${size} links ${links} of ${inodes.get(inode)} ${content}`
  })
}

function sha256(file: Buffer): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

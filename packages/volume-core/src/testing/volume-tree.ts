import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { assertUsable } from './volume-files.js'

/** A volume's content, entry by entry: type, mode, owner, content or target, and of files the second that they were changed in. */
export type VolumeTree = Readonly<Record<string, string>>

const isRoot = process.getuid?.() === 0

/** Fills a volume with what copies and snapshots get wrong: owners, modes, links, hidden and empty things, and a file of many blocks. */
export async function plantTree(path: string): Promise<VolumeTree> {
  await assertUsable(path)
  await mkdir(join(path, 'sub/deep'), { recursive: true })
  await writeFile(join(path, 'plain'), 'plain text')
  await writeFile(join(path, 'sub/.hidden'), 'hidden')
  await writeFile(join(path, 'sub/deep/empty'), '')
  await writeFile(join(path, 'sub/large'), Buffer.alloc(256 << 10, 'pouch'))
  await symlink('plain', join(path, 'link'))
  await symlink('/no/such/place', join(path, 'sub/dangling'))
  if (isRoot) {
    await chown(join(path, 'plain'), 1234, 2345)
    await chown(join(path, 'sub'), 1234, 2345)
  }
  await chmod(join(path, 'plain'), 0o640)
  await chmod(join(path, 'sub/large'), 0o4755)
  await chmod(join(path, 'sub'), 0o1770)
  await utimes(join(path, 'plain'), 1_000_000_000, 1_000_000_000)
  await chmod(path, 0o751)
  return await readTree(path)
}

/** Changes a planted tree in every way: something more, something less, something else. */
export async function spoilTree(path: string): Promise<VolumeTree> {
  await writeFile(join(path, 'plain'), 'other text')
  await writeFile(join(path, 'added'), 'added')
  await rm(join(path, 'sub/.hidden'))
  await rm(join(path, 'link'))
  await chmod(join(path, 'sub'), 0o700)
  return await readTree(path)
}

/** What is in a volume now. */
export async function readTree(path: string): Promise<VolumeTree> {
  await assertUsable(path)
  const tree: Record<string, string> = { '.': await entryOf(await realpath(path)) }
  const names = await readdir(path, { recursive: true })
  // An ext4 filesystem of a volume's own comes with this directory, and nobody else makes one of the name.
  for (const name of names.sort()) if (name !== 'lost+found') tree[name] = await entryOf(join(path, name))
  return tree
}

/** Asserts that a volume has the content that it had, with a message that names the entries that differ. */
export async function assertTree(path: string, expected: VolumeTree, what: string): Promise<void> {
  const found = await readTree(path)
  const names = new Set([...Object.keys(expected), ...Object.keys(found)])
  const differing = [...names].filter((name) => found[name] !== expected[name])
  const told = differing.map((name) => `${name}: ${found[name] ?? 'missing'}, not ${expected[name] ?? 'there before'}`)
  assert.ok(differing.length === 0, `${what}:\n  ${told.join('\n  ')}`)
}

async function entryOf(path: string): Promise<string> {
  const stat = await lstat(path)
  const owner = `${stat.uid}:${stat.gid}`
  if (stat.isSymbolicLink()) return `link to ${await readlink(path)} of ${owner}`
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0')
  if (stat.isDirectory()) return `directory ${mode} of ${owner}`
  const hash = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
    .slice(0, 12)
  return `file ${mode} of ${owner}, ${stat.size} bytes ${hash}, changed at ${Math.floor(stat.mtimeMs / 1000)}`
}

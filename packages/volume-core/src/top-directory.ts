import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { DriverDefinition, TopProperty } from './driver.js'

/** What of a volume's top directory its user has asked for: by options that were given, not by their defaults. */
export function askedOfTop(
  { options: table }: DriverDefinition,
  given: Readonly<Record<string, string>>,
): ReadonlySet<TopProperty> {
  if (table === 'passthrough') return new Set()
  const asked = Object.entries(table).flatMap(([name, { ofTop, aliases = [] }]) =>
    ofTop !== undefined && [name, ...aliases].some((spelling) => Object.hasOwn(given, spelling)) ? [ofTop] : [],
  )
  return new Set(asked)
}

/**
 * Fills a volume with content that brings a top directory of its own, and gives back to it what the user asked for, as its driver had
 * made it; durable when it resolves.
 *
 * @param path the top directory, not a link
 */
export async function keepingTop(
  path: string,
  asked: ReadonlySet<TopProperty>,
  fill: () => Promise<unknown>,
): Promise<void> {
  if (asked.size === 0) return void (await fill())
  const top = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const made = await top.stat()
    await fill()
    await giveBack(top, asked, made)
    await top.sync()
  } finally {
    await top.close()
  }
}

async function giveBack(top: FileHandle, asked: ReadonlySet<TopProperty>, made: Stats): Promise<void> {
  const found = await top.stat()
  const uid = asked.has('uid') ? made.uid : found.uid
  const gid = asked.has('gid') ? made.gid : found.gid
  if (uid !== found.uid || gid !== found.gid) await top.chown(uid, gid)
  if (asked.has('mode')) await top.chmod(made.mode & 0o7777)
}

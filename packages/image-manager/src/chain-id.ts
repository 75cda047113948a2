import { createHash } from 'node:crypto'

/**
 * The names of the file systems that layers make when put on each other: the first is the first diffID, each further
 * one the digest of `<chain so far> <diffID>`. The last is the key of the image's unpacked snapshot.
 */
export function chainIds(diffIds: readonly string[]): string[] {
  const chain: string[] = []
  for (const diffId of diffIds) {
    const parent = chain.at(-1)
    chain.push(
      parent === undefined ? diffId : `sha256:${createHash('sha256').update(`${parent} ${diffId}`).digest('hex')}`,
    )
  }
  return chain
}

import { randomBytes } from 'node:crypto'

/**
 * Makes revisions that never come twice, in this process or another one: a random part made once, and a count.
 */
export function createRevisions(): () => string {
  const run = randomBytes(9).toString('base64url')
  let count = 0
  return () => {
    count += 1
    return `${run}.${count.toString(36)}`
  }
}

import { constants } from 'node:os'

const names = new Map<number, string>()
for (const [name, number] of Object.entries(constants.errno)) if (!names.has(number)) names.set(number, name)

/**
 * The name of an error number of this system: 16 → `EBUSY`. Of two names it is the one that Node gives: `ENOTSUP`, not `EOPNOTSUPP`. One that
 * Node does not name is `E` and the number.
 */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `E${errno}`
}

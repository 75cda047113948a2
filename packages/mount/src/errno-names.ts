import { constants } from 'node:os'

const names = new Map<number, string>()
for (const [name, number] of Object.entries(constants.errno)) if (!names.has(number)) names.set(number, name)

/** The name of an error number of this system: 16 → `EBUSY`. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `E${errno}`
}

/** Whether a value is a system error with one of these names. */
export function hasErrno(error: unknown, ...errnos: readonly string[]): boolean {
  return error instanceof Error && errnos.includes(String((error as NodeJS.ErrnoException).code))
}

import { constants } from 'node:os'

const names = new Map<number, string>()
for (const [name, number] of Object.entries(constants.errno)) if (!names.has(number)) names.set(number, name)

/**
 * The errno's name of a system error. Node gives it in `code`, but for errors that libuv does not know (`EDQUOT`, of a quota that is used
 * up) in the number alone.
 */
export function errnoOf(error: Error): string | undefined {
  const { code, errno } = error as NodeJS.ErrnoException
  if (typeof code === 'string' && Object.hasOwn(constants.errno, code)) return code
  const name = typeof errno === 'number' ? names.get(-errno) : undefined
  return name ?? (typeof code === 'string' ? code : undefined)
}

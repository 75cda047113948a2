import { PouchError } from '@pouch/errors'
import { type ByteName, shownName } from './byte-name.js'

const op = 'tree.unpack'
/** Longer than any path that a program can name at once; deeper ones are made of parts. */
const mostNameBytes = 256 * 1024

/**
 * The path below the root that an archive's entry means: without `.`, empty parts and a slash at its end. The root is empty.
 *
 * @param name as the archive has it
 * @param what what has that name, for the error: `the entry`
 * @throws PouchError `invalid-argument` when it is absolute or leads up, is empty or too long
 */
export function entryPath(name: ByteName, what: string): ByteName {
  if (name.startsWith('/')) throw refused(name, what, 'is absolute')
  if (name === '' || name.includes('\0')) throw refused(name, what, name === '' ? 'is empty' : 'holds a zero byte')
  if (name.length > mostNameBytes) throw refused(name.slice(0, 80), what, `is longer than ${mostNameBytes} bytes`)
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw refused(name, what, "leads up by '..'")
  return parts.join('/')
}

function refused(name: ByteName, what: string, why: string): PouchError {
  const shown = shownName(name)
  const message = `${what} '${shown}' ${why}, so that it could leave the directory; nothing of it was unpacked: pack it with relative names`
  return new PouchError('invalid-argument', message, { op, subject: shown, details: { entry: shown } })
}

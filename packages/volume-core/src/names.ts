import { createHash, randomBytes } from 'node:crypto'
import { PouchError } from '@pouch/errors'

const pattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/
const maxLength = 255
/** Keys of a store are at most 256 bytes, prefix included. */
const longestPlainName = 200

/** Where the records of volumes are in the store. */
export const volumeKeyPrefix = 'volume/'

/**
 * Checks a volume's name: two to 255 characters of `[a-zA-Z0-9_.-]`, the first a letter or a digit. Such a name cannot leave
 * a directory, and cannot meet a driver's own files, which begin with `.` or `_`.
 *
 * @throws PouchError `invalid-argument` in the words that Docker's clients know
 */
export function checkVolumeName(name: unknown, verb: string): asserts name is string {
  const fault = faultOf(name, 'volume')
  if (fault !== undefined) throw refused(verb, String(name), fault)
}

/**
 * Checks the name of a snapshot, which keeps to the rule of volumes' names so that it may be a directory.
 *
 * @throws PouchError `invalid-argument`
 */
export function checkSnapshotName(name: unknown, volume: string, verb: string): asserts name is string {
  const fault = faultOf(name, 'snapshot')
  if (fault !== undefined) throw refused(verb, volume, fault)
}

function faultOf(name: unknown, kind: 'volume' | 'snapshot'): string | undefined {
  if (typeof name !== 'string') return `a ${kind} name is a string`
  if (name.length === 0) return `a ${kind} name is needed`
  if (name.length === 1) return `${kind} name is too short, names should be at least two alphanumeric characters`
  if (!pattern.test(name) || name.endsWith('\n')) {
    const where = kind === 'volume' ? 'local volume' : 'snapshot'
    const fault = `${quote(name)} includes invalid characters for a ${where} name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`
    return kind === 'volume' ? `${fault}. If you intended to pass a host directory, use absolute path` : fault
  }
  if (name.length <= maxLength) return undefined
  return `${kind} name is too long, it has ${name.length} characters and may have ${maxLength}`
}

/** A name for a volume that was given none: 64 hex digits. */
export function anonymousName(): string {
  return randomBytes(32).toString('hex')
}

/** The store's key of a volume. A name too long for a key is stood for by its hash, after a `~` that no name has. */
export function keyOfVolume(name: string): string {
  if (name.length <= longestPlainName) return volumeKeyPrefix + name
  return `${volumeKeyPrefix}~${createHash('sha256').update(name).digest('hex')}`
}

function refused(verb: string, name: string, why: string): PouchError {
  const shown = shorten(name)
  return new PouchError('invalid-argument', `${verb} ${shown}: ${why}`, { op: `volume.${verb}`, subject: shown })
}

const quote = (name: string): string => JSON.stringify(shorten(name))

/** Names are printed in logs and errors: what is not printable is escaped, what is endless is cut. */
function shorten(name: string): string {
  const clean = JSON.stringify(name).slice(1, -1)
  return clean.length > 300 ? `${clean.slice(0, 300)}…` : clean
}

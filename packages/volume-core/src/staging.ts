import { randomBytes } from 'node:crypto'
import { hasCode, isPouchError, PouchError } from '@pouch/errors'
import type { Backend } from './backend.js'
import type { CreatedVolume, Driver } from './driver.js'
import type { LateOutcome } from './driver-call.js'
import { DriverStillRunning } from './driver-call.js'
import type { Work } from './engine-parts.js'
import { verbWords } from './verb-words.js'

/**
 * What a driver is to call a volume until it is filled: a name that nothing has ever had, so that whatever is found under it was made for this
 * volume, after a crash too. `undefined` for a driver that cannot rename, and for one whose backend knows its volumes: that was asked
 * before, and would tell of a volume that is none.
 */
export function stagingName({ renaming, inventory }: Driver): string | undefined {
  if (renaming === undefined || inventory !== undefined) return undefined
  return `filling-${randomBytes(16).toString('hex')}`
}

/** Asks a driver whose volumes are always there whether it has something under a name. @throws PouchError `already-exists` */
export async function requireFree(backend: Backend, name: string, verb: string, work: Work): Promise<void> {
  if (backend.mounts !== undefined) return
  const path = await backend.call(verb, work, (call) => backend.driver.path(backend.volume, call))
  if (path !== undefined) throw occupied(name, backend.driver.name, verb)
}

/** @throws PouchError `already-exists` when a driver has found what it was to make: nobody's volume is filled with something else */
export function requireNew(made: CreatedVolume | undefined, name: string, driver: string, verb: string): void {
  if (made?.isFound === true) throw occupied(name, driver, verb)
}

/** The error of a name under which a driver has something that no record tells of. */
export function occupied(name: string, driver: string, verb: string, cause?: unknown): PouchError {
  const directory = isPouchError(cause) ? cause.details.directory : undefined
  const where = typeof directory === 'string' ? ` at ${directory}` : ''
  const text =
    `${verbWords(verb)} ${name}: driver '${driver}' has something of this name${where} already, which belongs to no volume that ` +
    'is known, and it is left alone: move it away, or take another name'
  const details = { driver, ...(typeof directory === 'string' ? { directory } : {}) }
  return new PouchError('already-exists', text, { op: `volume.${verb}`, subject: name, details, cause })
}

/** What came of a call that failed, once its driver has come to rest; `undefined` when it succeeded late. Never rejects. */
export async function failureAtRest(failure: unknown): Promise<unknown> {
  if (!(failure instanceof DriverStillRunning)) return failure
  const { value, error } = await failure.outcome
  return isFound(value) ? new PouchError('already-exists', 'it was there before', { subject: failure.subject }) : error
}

/** Whether a create that failed in this way has made nothing: then whatever is there is somebody's. */
export function hasMadeNothing(failure: unknown): boolean {
  return refusals.some((code) => hasCode(failure, code))
}

const refusals = ['already-exists', 'invalid-argument', 'unsupported'] as const

function isFound(value: LateOutcome['value']): boolean {
  return typeof value === 'object' && value !== null && 'isFound' in value && value.isFound === true
}

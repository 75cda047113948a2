import { PouchError } from '@pouch/errors'

/**
 * The part of an answer that must be there.
 *
 * @throws PouchError `corrupt` when containerd left it out
 */
export function present<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value
  throw new PouchError('corrupt', `containerd answered without the ${what}`, { op: 'containerd.decode', subject: what })
}

import { PouchError } from '@pouch/errors'

/** @throws PouchError `unsupported` outside Linux; the packages that use this one can be imported anywhere. */
export function requireLinux(op: string): void {
  if (process.platform === 'linux') return
  throw new PouchError('unsupported', `${op} needs Linux; this is ${process.platform}`, { op })
}

import type { ErrorCode } from './pouch-error.js'

const codes: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'not-found',
  ESRCH: 'not-found',
  ENODEV: 'not-found',
  EEXIST: 'already-exists',
  EBUSY: 'in-use',
  ENOTEMPTY: 'in-use',
  EACCES: 'permission-denied',
  EPERM: 'permission-denied',
  EROFS: 'permission-denied',
  EINVAL: 'invalid-argument',
  ENOTDIR: 'invalid-argument',
  EISDIR: 'invalid-argument',
  ENAMETOOLONG: 'invalid-argument',
  ELOOP: 'invalid-argument',
  ENOTSUP: 'unsupported',
  EOPNOTSUPP: 'unsupported',
  ENOSYS: 'unsupported',
  EAFNOSUPPORT: 'unsupported',
  ENOSPC: 'exhausted',
  EDQUOT: 'exhausted',
  EMFILE: 'exhausted',
  ENFILE: 'exhausted',
  ENOMEM: 'exhausted',
  ECONNREFUSED: 'unavailable',
  ENOTFOUND: 'unavailable',
  EAI_AGAIN: 'unavailable',
  EHOSTUNREACH: 'unavailable',
  ENETUNREACH: 'unavailable',
  ETIMEDOUT: 'timeout',
}

/** The code that fits a system error's name (`ENOSPC` → `exhausted`); `internal` for the rest. */
export function codeOfErrno(errno: string): ErrorCode {
  return Object.hasOwn(codes, errno) ? (codes[errno] ?? 'internal') : 'internal'
}

import { readFile } from 'node:fs/promises'
import { describe, expect, it, vi } from 'vitest'
import {
  abortError,
  codeOfErrno,
  errnoOf,
  errorCodes,
  hasCode,
  hasErrno,
  isErrorCode,
  isPouchError,
  PouchError,
  throwIfAborted,
} from '../src/index.js'

const whole = () =>
  new PouchError('in-use', 'volume data is in use', {
    op: 'volume.remove',
    subject: 'data',
    details: { holders: ['web'] },
    cause: new Error('below'),
  })

async function systemError(): Promise<unknown> {
  return await readFile('/nowhere/at/all').catch((error: unknown) => error)
}

describe('a PouchError', () => {
  it('is an error with a code, an operation, a subject, details and a cause', () => {
    const error = whole()
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe('PouchError')
    expect(error.message).toBe('volume data is in use')
    expect(error.code).toBe('in-use')
    expect(error.op).toBe('volume.remove')
    expect(error.subject).toBe('data')
    expect(error.details).toEqual({ holders: ['web'] })
    expect(error.cause).toEqual(new Error('below'))
    expect(error.stack).toContain('pouch-error.test.ts')
  })

  it('has no cause of its own making', () => {
    expect('cause' in new PouchError('internal', 'x')).toBe(false)
  })

  it('keeps its details from being changed from outside', () => {
    const details = { holders: 1 }
    const error = new PouchError('in-use', 'x', { details })
    details.holders = 2
    expect(error.details).toEqual({ holders: 1 })
    expect(Object.isFrozen(error.details)).toBe(true)
  })

  it('goes through JSON and back without its cause and stack', () => {
    const text = JSON.stringify(whole())
    expect(text).not.toContain('below')
    expect(text).not.toContain('stack')
    const back = PouchError.fromJSON(JSON.parse(text))
    expect(back).toMatchObject({ code: 'in-use', op: 'volume.remove', subject: 'data', details: { holders: ['web'] } })
    expect(back.message).toBe('volume data is in use')
    expect(back.cause).toBeUndefined()
  })

  it('leaves out of its JSON what it does not have', () => {
    expect(JSON.parse(JSON.stringify(new PouchError('aborted', 'x')))).toEqual({ message: 'x', code: 'aborted' })
  })

  it.each([
    null,
    'text',
    {},
    { message: 'x' },
    { message: 'x', code: 'teapot' },
    { message: 1, code: 'internal' },
    { message: 'x', code: 'internal', op: 3 },
    { message: 'x', code: 'internal', details: 'y' },
    { message: 'x', code: 'internal', details: null },
  ])('is not made of %j', (body) => {
    expect(() => PouchError.fromJSON(body)).toThrow(TypeError)
  })
})

describe('PouchError.from', () => {
  it('returns a PouchError as it is', () => {
    const error = whole()
    expect(PouchError.from(error, { op: 'other' })).toBe(error)
  })

  it('gives a system error the code of its errno, and says what was being done', async () => {
    const thrown = await systemError()
    const error = PouchError.from(thrown, { message: 'the file cannot be read', op: 'read', subject: 'x' })
    expect(error.code).toBe('not-found')
    expect(error.message).toMatch(/^the file cannot be read: ENOENT/)
    expect(error).toMatchObject({ op: 'read', subject: 'x', cause: thrown })
  })

  it('tells an abort from a deadline', () => {
    expect(PouchError.from(AbortSignal.abort().reason).code).toBe('aborted')
    expect(PouchError.from(new DOMException('late', 'TimeoutError')).code).toBe('timeout')
  })

  it.each([[new TypeError('bad')], ['text'], [undefined], [Object.assign(new Error('x'), { code: 7 })]])(
    'makes the rest internal (%#)',
    (thrown) => {
      const error = PouchError.from(thrown)
      expect(error.code).toBe('internal')
      expect(error.cause).toBe(thrown)
    },
  )
})

describe('two installed copies of the package', () => {
  it('know each other’s errors', async () => {
    vi.resetModules()
    const other = await import('../src/index.js')
    const error = new other.PouchError('conflict', 'from the other copy')
    expect(other.PouchError).not.toBe(PouchError)
    expect(error).not.toBeInstanceOf(PouchError)
    expect(isPouchError(error)).toBe(true)
    expect(hasCode(error, 'conflict')).toBe(true)
    expect(PouchError.from(error)).toBe(error)
  })
})

describe('hasCode', () => {
  it('takes nothing but PouchErrors with that code', () => {
    expect(hasCode(whole(), 'in-use')).toBe(true)
    expect(hasCode(whole(), 'conflict')).toBe(false)
    expect(hasCode({ code: 'in-use' }, 'in-use')).toBe(false)
    expect(hasCode(Object.assign(new Error('x'), { code: 'in-use' }), 'in-use')).toBe(false)
    expect(hasCode(undefined, 'in-use')).toBe(false)
  })
})

describe('codes', () => {
  it('are a closed list', () => {
    expect(errorCodes).toHaveLength(14)
    expect(errorCodes.every(isErrorCode)).toBe(true)
    expect(['', 'teapot', 'toString', 404, undefined].some(isErrorCode)).toBe(false)
  })

  it.each([
    ['ENOENT', 'not-found'],
    ['EEXIST', 'already-exists'],
    ['EBUSY', 'in-use'],
    ['EPERM', 'permission-denied'],
    ['EINVAL', 'invalid-argument'],
    ['ENOTSUP', 'unsupported'],
    ['ENOSPC', 'exhausted'],
    ['ECONNREFUSED', 'unavailable'],
    ['ETIMEDOUT', 'timeout'],
    ['EIO', 'internal'],
    ['ECONNRESET', 'internal'],
    ['constructor', 'internal'],
    ['__proto__', 'internal'],
  ])('fit system errors: %s is %s', (errno, code) => {
    expect(codeOfErrno(errno)).toBe(code)
  })
})

describe('hasErrno', () => {
  it('reads the name of a system error and of a PouchError that carries one', async () => {
    const thrown = await systemError()
    expect(hasErrno(thrown, 'ENOENT')).toBe(true)
    expect(hasErrno(thrown, 'EPERM', 'ENOENT')).toBe(true)
    expect(hasErrno(thrown, 'EPERM')).toBe(false)
    expect(hasErrno(new PouchError('in-use', 'x', { details: { errno: 'EBUSY' } }), 'EBUSY')).toBe(true)
    expect(hasErrno({ code: 'ENOENT' }, 'ENOENT')).toBe(false)
    expect(hasErrno(new Error('x'), 'undefined')).toBe(false)
  })

  // As the promises of node:fs have it, and as its synchronous functions do.
  it.each(['Unknown system error -122', 'UNKNOWN'])(
    'are known by their number where Node has no name for them but %j',
    (code) => {
      const quota = Object.assign(new Error('over quota'), { code, errno: -122 })
      expect(errnoOf(quota)).toBe('EDQUOT')
      expect(hasErrno(quota, 'EDQUOT')).toBe(true)
      expect(PouchError.from(quota)).toMatchObject({ code: 'exhausted', cause: quota })
      expect(errnoOf(new Error('no system error'))).toBeUndefined()
    },
  )
})

describe('a signal', () => {
  it('that has not fired lets the call go on', () => {
    expect(() => throwIfAborted(undefined)).not.toThrow()
    expect(() => throwIfAborted(new AbortController().signal)).not.toThrow()
  })

  it('that the caller fired makes it aborted, with the reason as cause', () => {
    const reason = new Error('changed my mind')
    expect(() => throwIfAborted(AbortSignal.abort(reason), { op: 'volume.create', subject: 'data' })).toThrow(
      expect.objectContaining({ code: 'aborted', op: 'volume.create', subject: 'data', cause: reason }),
    )
  })

  it('that was a deadline makes it a timeout', async () => {
    const signal = AbortSignal.timeout(1)
    await vi.waitFor(() => expect(signal.aborted).toBe(true))
    expect(abortError(signal, { op: 'mount' })).toMatchObject({
      code: 'timeout',
      message: 'mount: the deadline passed',
    })
  })

  it('whose reason is a PouchError gives that', () => {
    const reason = whole()
    expect(abortError(AbortSignal.abort(reason))).toBe(reason)
  })
})

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLog } from '../src/log.js'

let folder: string
let fd: number
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pouchd-log-'))
  fd = openSync(join(folder, 'log'), 'w')
})
afterEach(() => {
  closeSync(fd)
  rmSync(folder, { recursive: true, force: true })
})

const written = () => readFileSync(join(folder, 'log'), 'utf8')

describe('createLog', () => {
  it('never writes a secret, wherever it is', () => {
    const log = createLog('debug', fd)
    const secret = 'hunter2'
    log.info(
      { password: secret, auth: { password: secret, identitytoken: secret }, headers: { 'x-registry-auth': secret } },
      'a',
    )
    const details = { password: secret, registry: { token: secret } }
    log.error({ err: new PouchError('unauthenticated', 'no', { details }) }, 'b')
    expect(written()).not.toContain(secret)
    expect(written().split('\n').length).toBe(3)
  })

  it('tells each error of a chain once, with its own words', () => {
    const log = createLog('warn', fd)
    const cause = new PouchError('internal', 'the disk is on fire', { cause: new Error('EIO: heat') })
    log.error({ err: new PouchError('internal', 'create data: the disk is on fire', { cause }) }, 'failed')
    expect(JSON.parse(written()).err).toMatchObject({
      message: 'create data: the disk is on fire',
      code: 'internal',
      cause: { message: 'the disk is on fire', cause: { message: 'EIO: heat' } },
    })
  })

  it('never writes a secret of a cause', () => {
    const log = createLog('debug', fd)
    const cause = new PouchError('unauthenticated', 'no', { details: { password: 'hunter2' } })
    log.error({ err: new PouchError('internal', 'failed', { cause }) }, 'b')
    expect(JSON.parse(written()).err.cause.details).toEqual({ password: '***' })
  })

  it('writes JSON with the level that it was given', () => {
    const log = createLog('warn', fd)
    log.info({}, 'unheard')
    log.warn({ volume: 'data' }, 'heard')
    expect(JSON.parse(written())).toMatchObject({ level: 40, volume: 'data', msg: 'heard' })
  })
})

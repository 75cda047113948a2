import { inspect } from 'node:util'
import { PouchError } from '@pouch/errors'
import { memoryStore } from '@pouch/store'
import { describe, expect, it } from 'vitest'
import type { DriverDefinition, OptionTable, Volume } from '../../src/index.js'
import { maskedOptions, secretsIn } from '../../src/secrets.js'
import { memoryDriver } from '../../src/testing.js'
import { keepingLogger, openEngine, spoilt } from '../support/open-engine.js'
import { fullDriver, replaced } from './support.js'

const table: OptionTable = {
  key: { type: 'string', description: 'a secret', secret: true, aliases: ['opt.key'] },
  pin: { type: 'int', description: 'a secret number', secret: true },
  o: { type: 'string', description: 'mount options' },
  device: { type: 'string', description: 'what to mount' },
}
const definition: DriverDefinition = { ...memoryDriver({ name: 'local' }), options: table }

describe('what is secret in options', () => {
  it.each([
    [{ key: 'hunter2' }, { key: '********' }, ['hunter2']],
    [{ 'opt.key': 'hunter2' }, { 'opt.key': '********' }, ['hunter2']],
    [{ o: 'addr=10.0.0.1,password=hunter2,rw' }, { o: 'addr=10.0.0.1,password=********,rw' }, ['hunter2']],
    [{ o: 'pass=a,,b,rw' }, { o: 'pass=********,rw' }, ['a,,b']],
    [{ o: 'username=me,rw' }, { o: 'username=me,rw' }, []],
    [{ o: 'bypass=1' }, { o: 'bypass=1' }, []],
    [
      { device: 'https://u:sword@fish@files/dav' },
      { device: 'https://********@files/dav' },
      ['u:sword@fish@', 'sword@fish'],
    ],
    [
      { device: 'https://u:sword%20fish@files/dav' },
      { device: 'https://********@files/dav' },
      ['u:sword%20fish@', 'sword%20fish', 'sword fish'],
    ],
    [{ device: '//me:hunter/2@files/share' }, { device: '//********@files/share' }, ['me:hunter/2@', 'hunter/2']],
    [{ device: '\\\\me:p%@files\\share' }, { device: '\\\\********@files\\share' }, ['me:p%@', 'p%']],
    [{ device: 'ssh://git@files/a' }, { device: 'ssh://********@files/a' }, ['git@']],
    [{ device: 'ssh://ghp_0123@files/a' }, { device: 'ssh://********@files/a' }, ['ghp_0123@', 'ghp_0123']],
    [
      { device: 'https://a:bcd@one,https://e:fgh@two' },
      { device: 'https://********@one,https://********@two' },
      ['a:bcd@', 'e:fgh@', 'bcd', 'fgh'],
    ],
    [
      { device: 'https://files/dav?user=me&token=hunter2' },
      { device: 'https://files/dav?user=me&token=********' },
      ['hunter2'],
    ],
    [{ device: '//files:445/a@b' }, { device: '//files:445/a@b' }, []],
    [{ device: 'me@files:/export' }, { device: 'me@files:/export' }, []],
    [{ device: '//[2001:db8::1]/share@noon' }, { device: '//[2001:db8::1]/share@noon' }, []],
  ])('%j is shown as %j', (options, shown, secrets) => {
    expect(maskedOptions(definition, options)).toEqual(shown)
    expect(secretsIn(definition, options)).toEqual(secrets)
  })

  it('is known by its name where a driver has no table', () => {
    const passthrough = { ...definition, options: 'passthrough' as const }
    const options = { 'csi.password': 'a', username: 'b', compass: 'c' }
    expect(maskedOptions(passthrough, options)).toEqual({ ...options, 'csi.password': '********' })
    expect(maskedOptions(undefined, options)).toEqual({ ...options, 'csi.password': '********' })
  })

  it('costs nothing where there is none', () => {
    const options = { o: 'rw' }
    expect(maskedOptions(definition, options)).toBe(options)
  })
})

describe('a secret', () => {
  const options = { key: 'hunter2', o: 'password=swordfish,rw', device: 'https://me:barracuda@files/dav' }
  const tells = (text: unknown) =>
    /hunter2|swordfish|barracuda/.test(typeof text === 'string' ? text : inspect(text, { depth: 9 }))

  it('reaches the driver, and nobody else', async () => {
    let got: unknown
    const spy = spoilt(definition, (good) => ({
      create: async (volume, call) => {
        got = volume.options
        return await good.create(volume, call)
      },
    }))
    const log = keepingLogger()
    const { volumes, events } = await openEngine({ drivers: [spy], log })
    const told: Volume[] = []
    events.on('volume.created', (volume) => told.push(volume))
    told.push(await volumes.create({ name: 'vol', options }))
    told.push(await volumes.get('vol'), ...(await volumes.list()).volumes)
    expect(got).toEqual(options)
    expect(told).toHaveLength(4)
    expect(tells([told, log.lines])).toBe(false)
    // The same secret is the same option; the mask is another one.
    await volumes.create({ name: 'vol', options })
    await expect(volumes.create({ name: 'vol', options: { ...options, key: '********' } })).rejects.toMatchObject({
      code: 'conflict',
      details: { options: ['key'] },
    })
  })

  it('is in no error, nor in what caused it, nor in a log', async () => {
    const leaky = async () => {
      const cause = new Error('mount -o password=swordfish failed')
      throw new PouchError('internal', 'refused hunter2, barracuda', {
        details: { argv: ['-o', 'password=swordfish'] },
        cause,
      })
    }
    const log = keepingLogger()
    const { volumes } = await openEngine({ drivers: [replaced(definition, { create: leaky, remove: leaky })], log })
    const error: unknown = await volumes.create({ name: 'vol', options }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'internal', message: 'create vol: refused ********, ********' })
    expect(tells(error)).toBe(false)
    expect(tells((error as Error).stack)).toBe(false)
    const { warnings } = await volumes.list()
    expect(warnings).toHaveLength(1)
    expect(tells([warnings, log.lines])).toBe(false)
    expect(log.lines.length).toBeGreaterThan(0)
  })

  it('is in no refusal of the backend that is listed, inspected or logged, whichever volume it was asked about', async () => {
    const told = 'bad request: password=swordfish at https://me:barracuda@files/dav with hunter2'
    const refuse = async () => Promise.reject(new PouchError('internal', told, { details: { told }, cause: told }))
    const sick = async () => ({ state: 'failed', message: told })
    const log = keepingLogger()
    let isRefusing = false
    const good = spoilt({ ...fullDriver('bad', undefined, ['inventory']), options: table }, () => ({
      inventory: {
        get: async () => (isRefusing ? await refuse() : undefined),
        list: async () => (isRefusing ? await refuse() : []),
      },
    }))
    const path = async () => (isRefusing ? await refuse() : undefined)
    const bad = replaced(good, { path, health: { check: sick } })
    const { volumes, health } = await openEngine({ drivers: [memoryDriver({ name: 'local' }), bad], log })
    await volumes.create({ name: 'first', driver: 'bad', options: { o: 'rw' } })
    await volumes.create({ name: 'vol', driver: 'bad', options })
    isRefusing = true
    const list = await volumes.list()
    expect(list.warnings).toHaveLength(2)
    expect(list.warnings.join()).toContain('bad request: password=********')
    const absent: unknown = await volumes.get('nobody').catch((thrown: unknown) => thrown)
    expect(absent).toMatchObject({ code: 'unavailable', message: expect.stringContaining('with ********') })
    await volumes.create({ name: 'nobody' })
    const [, healthOfBad] = await health()
    expect(healthOfBad).toMatchObject({ health: { message: expect.stringContaining('with ********') } })
    expect(log.lines.map(({ message }) => message)).toContainEqual(expect.stringContaining('is taken to have none'))
    expect(tells([list, absent, healthOfBad, log.lines])).toBe(false)
  })

  it('is not told by a driver that cannot be opened again', async () => {
    const store = memoryStore()
    const engine = await openEngine({ drivers: [definition], store })
    await engine.volumes.create({ name: 'vol', options })
    await engine.close()
    const log = keepingLogger()
    const refusal = new PouchError('unsupported', 'refused password=swordfish, hunter2', { cause: 'barracuda' })
    const shut: DriverDefinition = {
      ...definition,
      open: async (host) => {
        host.log.warn({ err: refusal }, 'not yet')
        return Promise.reject(refusal)
      },
    }
    const { volumes, drivers } = await openEngine({ drivers: [shut], store, log })
    const list = await volumes.list()
    expect(list.warnings.join()).toContain('refused password=********, ********')
    expect(drivers()).toMatchObject([{ error: { code: 'unsupported', op: 'driver.open' } }])
    expect(log.lines.map(({ message }) => message)).toContain('not yet')
    expect(tells([list, drivers(), log.lines])).toBe(false)
  })

  it('is not in the status of a volume whose backend cannot tell of it', async () => {
    const refuse = async () => Promise.reject(new PouchError('internal', 'no mount with password=swordfish,rw'))
    const good = { ...fullDriver('bad', undefined, ['inventory']), options: table }
    let isRefusing = false
    const bad = spoilt(good, () => ({
      inventory: { get: async () => (isRefusing ? await refuse() : undefined), list: async () => [] },
    }))
    const { volumes } = await openEngine({ drivers: [bad], defaultDriver: 'bad' })
    await volumes.create({ name: 'vol', options })
    isRefusing = true
    const { status } = await volumes.get('vol')
    expect(status?.error).toBe('get vol: no mount with password=********,rw')
  })

  it('is in nothing that a driver tells of the volume', async () => {
    const describe = async () => ({
      without: { cloning: 'swordfish is not copied' },
      facts: { url: 'https://me:barracuda@files/dav', deep: [{ key: 'hunter2' }], usedBytes: 5 },
    })
    const { volumes } = await openEngine({ drivers: [replaced(definition, { describe })] })
    await volumes.create({ name: 'vol', options })
    const details = await volumes.describe('vol')
    expect(details.facts).toEqual({ url: 'https://********@files/dav', deep: [{ key: '********' }], usedBytes: 5 })
    expect(tells(details)).toBe(false)
  })

  it('is in no complaint about its value', async () => {
    const { volumes } = await openEngine({ drivers: [definition] })
    const error: unknown = await volumes.create({ name: 'vol', options: { pin: 'hunter2' } }).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'invalid-argument', details: { option: 'pin' } })
    expect(tells(error)).toBe(false)
  })
})

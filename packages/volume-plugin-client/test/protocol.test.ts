import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { answer, createdAt, faults } from './support/fake-plugin.js'
import { call, definitionOf, openDriver, reference, startPlugin, volume } from './support/setting.js'

describe('the requests', () => {
  it('are those of dockerd, in its order', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    await driver.create(volume('data'), call())
    await driver.mounts?.mount(volume('data'), reference('one'), call())
    await driver.mounts?.unmount(volume('data'), reference('one'), undefined, call())
    await driver.remove(volume('data', { made: true }), call())
    expect(plugin.calls).toEqual([
      'Plugin.Activate',
      'Capabilities',
      'Get',
      'List',
      'Create',
      // The first mount by a plugin shows whether Get tells what is mounted.
      'Get',
      'Mount',
      'Get',
      'Unmount',
      'Remove',
    ])
    expect(plugin.volumes.size).toBe(0)
  })

  it('have the bytes of dockerd: no content type, a length, a line of JSON, and null for no options', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    await driver.create(volume('data'), call())
    await driver.create(volume('more', undefined, { size: '1g', o: 'ro' }), call())
    const [activate, ...rest] = plugin.seen
    expect(activate).toMatchObject({ path: '/Plugin.Activate', body: '', headers: { 'content-length': '0' } })
    for (const { headers } of plugin.seen) {
      expect(headers.accept).toBe('application/vnd.docker.plugins.v1.2+json')
      expect(headers['content-type']).toBeUndefined()
      expect(headers['transfer-encoding']).toBeUndefined()
    }
    const bodies = rest.filter(({ path }) => path === '/VolumeDriver.Create').map(({ body }) => body)
    expect(bodies).toEqual(['{"Name":"data","Opts":null}\n', '{"Name":"more","Opts":{"size":"1g","o":"ro"}}\n'])
    expect(rest.find(({ path }) => path === '/VolumeDriver.Get')?.body).toBe('{"Name":"data"}\n')
    expect(rest.find(({ path }) => path === '/VolumeDriver.List')?.body).toBe('{}\n')
  })

  it('mount under an ID of 64 hex digits, another each time, and unmount under the same', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    await driver.create(volume('data'), call())
    for (const _ of [1, 2]) {
      await driver.mounts?.mount(volume('data'), reference('one'), call())
      await driver.mounts?.unmount(volume('data'), reference('one'), undefined, call())
    }
    const ids = plugin.ids('Mount')
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{64}$/)
    expect(new Set(ids).size).toBe(2)
    expect(plugin.ids('Unmount')).toEqual(ids)
  })
})

describe('what a plugin tells', () => {
  it('tells the version of its package', () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
    expect(definitionOf('/run/x.sock').version).toBe(version)
  })

  it.each<[unknown, string]>([
    ['local', 'local'],
    ['global', 'global'],
    ['GLOBAL', 'global'],
    ['galactic', 'local'],
    ['', 'local'],
    [7, 'local'],
  ])('as scope %j is %s', async (scope, expected) => {
    const { socket } = await startPlugin({ scope })
    expect((await openDriver(definitionOf(socket))).traits.scope).toBe(expected)
  })

  it('about its scope may be an error: then it is local', async () => {
    const { plugin, socket } = await startPlugin({ scope: 'global' })
    plugin.break('Capabilities', faults.fail)
    expect((await openDriver(definitionOf(socket))).traits.scope).toBe('local')
  })

  it('about a volume: when it was made, its status, and where it is while it is mounted', async () => {
    const { socket, folder } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    await driver.create(volume('data'), call())
    const found = { name: 'data', createdAt, status: { shelf: 3 }, state: { made: false } }
    expect(await driver.inventory?.get('data', call())).toEqual(found)
    const mounted = await driver.mounts?.mount(volume('data'), reference('one'), call())
    expect(mounted).toEqual({ path: `${folder}/volumes/data` })
    expect(await driver.inventory?.list(call())).toEqual([{ ...found, path: mounted?.path }])
  })

  it('is read in any case, as dockerd does', async () => {
    const { plugin, socket } = await startPlugin()
    plugin.break('Plugin.Activate', answer({ implements: ['VolumeDriver'] }))
    const driver = await openDriver(definitionOf(socket))
    plugin.break('Get', answer({ volume: { name: 'data', mountpoint: '/srv/data', err: '' } }))
    expect(await driver.inventory?.get('data', call())).toMatchObject({ name: 'data', path: '/srv/data' })
  })

  it.each<[string, object, object]>([
    ['the year 1', { CreatedAt: '0001-01-01T00:00:00Z' }, {}],
    ['no time', { CreatedAt: 'yesterday' }, {}],
    ['a time with an offset', { CreatedAt: '2026-02-03T04:05:06+01:00' }, { createdAt: '2026-02-03T04:05:06+01:00' }],
    ['a relative mountpoint', { Mountpoint: 'data' }, {}],
    ['a mountpoint with NUL', { Mountpoint: '/a\0b' }, {}],
    ['a status of null', { Status: null }, {}],
    ['a status of text', { Status: 'fine' }, {}],
    ['no name', { Name: '' }, {}],
  ])('with %s is taken as far as it goes', async (_, told, expected) => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    plugin.break('Get', answer({ Volume: { Name: 'data', ...told } }))
    expect(await driver.inventory?.get('data', call())).toEqual({ name: 'data', state: { made: false }, ...expected })
  })

  it('in a list is left out where it makes no sense, told in the log once, and the others are there', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    const odd = {
      Volumes: [{ Name: 'data' }, null, 'x', {}, { Name: '../up' }, { Name: 'a/b' }, { Name: 'data' }, { Name: 7 }],
    }
    const warnings: object[] = []
    const log = { ...call().log, warn: (fields: object) => void warnings.push(fields) }
    for (const _ of [1, 2]) {
      plugin.break('List', answer(odd))
      const listed = await driver.inventory?.list(call(undefined, log))
      expect(listed?.map(({ name }) => name)).toEqual(['data'])
    }
    expect(warnings).toEqual([{ plugin: 'fake', volumes: 7 }])
  })

  it('of another kind of plugin makes it none of ours', async () => {
    const { plugin, socket } = await startPlugin()
    plugin.break('Plugin.Activate', answer({ Implements: ['NetworkDriver'] }))
    await expect(openDriver(definitionOf(socket))).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('does not implement VolumeDriver'),
    })
  })
})

describe('a volume that is not there', () => {
  it.each(['error', 'null'] as const)('is undefined, whether the plugin says so by %s', async (missing) => {
    const { socket } = await startPlugin({ missing })
    const driver = await openDriver(definitionOf(socket))
    expect(await driver.inventory?.get('nope', call())).toBeUndefined()
  })

  it('is an error, not absent, when Get fails and the list has it', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    await driver.create(volume('data'), call())
    plugin.break('Get', faults.fail)
    await expect(driver.inventory?.get('data', call())).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('boom: the disk is on fire'),
    })
  })

  it('is an error, not absent, when neither Get nor List is answered well', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    plugin.break('Get', faults.fail)
    plugin.break('List', faults.fail)
    await expect(driver.inventory?.get('data', call())).rejects.toMatchObject({ code: 'internal' })
    plugin.break('Get', faults.fail)
    plugin.break('List', faults.hangUp)
    await expect(driver.inventory?.get('data', call())).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('is created all the same by a plugin that cannot tell', async () => {
    const { plugin, socket } = await startPlugin()
    const driver = await openDriver(definitionOf(socket))
    plugin.break('Get', answer({}, 404))
    plugin.break('List', answer({}, 404))
    expect(await driver.create(volume('data'), call())).toEqual({ state: { made: true } })
    expect([...plugin.volumes.keys()]).toEqual(['data'])
  })
})

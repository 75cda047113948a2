import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryStore } from '@pouch/store'
import { describe, expect, it } from 'vitest'
import { createdAt, faults } from './support/fake-plugin.js'
import { definitionOf, freshDirectory, hasty, openEngine, startPlugin } from './support/setting.js'

const quick = { ...hasty, createMs: 1000, mountMs: 1000, otherMs: 1000 }

describe('an engine with a plugin', () => {
  it('mounts and unmounts once for each reference, across a restart of the engine', async () => {
    const { plugin, socket } = await startPlugin()
    const options = { store: memoryStore(), home: freshDirectory() }
    const first = await openEngine(definitionOf(socket), options)
    await first.volumes.create({ name: 'data', labels: { tier: 'db' } })
    const held = await first.volumes.attach('data', { holder: 'one', id: 'a' })
    await first.volumes.attach('data', { holder: 'two', id: 'b' })
    writeFileSync(join(held.path ?? '', 'file'), 'kept')
    await first.close()
    const second = await openEngine(definitionOf(socket), options)
    expect((await second.volumes.get('data')).references).toHaveLength(2)
    expect(plugin.volumes.get('data')?.count).toBe(2)
    for (const id of ['a', 'b']) await second.volumes.detach('data', id)
    expect(plugin.volumes.get('data')?.count).toBe(0)
    expect(plugin.ids('Unmount').sort()).toEqual(plugin.ids('Mount').sort())
    await second.volumes.remove('data')
    expect(plugin.volumes.size).toBe(0)
  })

  it('undoes a mount that had no answer, with one Unmount', async () => {
    const { plugin, socket } = await startPlugin()
    const { volumes } = await openEngine(definitionOf(socket))
    await volumes.create({ name: 'data' })
    plugin.break('Mount', (seen, _, connection) => {
      plugin.work(seen)
      connection.destroy()
    })
    await expect(volumes.attach('data', { holder: 'one' })).rejects.toMatchObject({ code: 'timeout' })
    expect((await volumes.get('data')).references).toEqual([])
    expect(plugin.volumes.get('data')?.count).toBe(0)
    await volumes.remove('data')
  })

  it('forgets by force what the plugin does not remove, and tells where it may be', async () => {
    const { plugin, socket } = await startPlugin()
    const { volumes } = await openEngine(definitionOf(socket))
    await volumes.create({ name: 'data', labels: { tier: 'db' } })
    plugin.break('Remove', faults.refuse)
    const why = 'not today; the plugin keeps the volume as it was'
    const fate = "the volume is forgotten here, and its data may still be at driver 'fake'"
    const how = 'while the driver has it, volumes are listed with it, and it can be removed again'
    await expect(volumes.remove('data', { force: true })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(new RegExp(`${why}; ${fate}: ${how}$`)),
      subject: 'data',
      details: { isForgotten: true },
    })
    expect((await volumes.list()).volumes).toMatchObject([{ name: 'data', labels: {} }])
    await volumes.remove('data')
    expect(plugin.volumes.size).toBe(0)
    expect((await volumes.list()).volumes).toEqual([])
  })

  it('leaves a volume that the plugin had before to the plugin when a create fails', async () => {
    const { plugin, socket } = await startPlugin()
    const { volumes } = await openEngine(definitionOf(socket, quick))
    plugin.work({ path: '/VolumeDriver.Create', body: '{"Name":"theirs"}', headers: {} })
    for (const _ of [1, 2, 3, 4]) plugin.break('Get', faults.hang)
    await expect(volumes.create({ name: 'theirs' })).rejects.toMatchObject({ code: 'timeout' })
    expect(plugin.volumes.has('theirs')).toBe(true)
    expect(plugin.calls).not.toContain('Remove')
  })

  it.each([
    ['dies', faults.hangUp],
    ['hangs', faults.hang],
    ['answers garbage', faults.garbage],
    ['says 500', faults.fail],
    ['answers half', faults.half],
  ])('that %s concerns one volume, and the list has all of them', async (_, fault) => {
    const { plugin, socket } = await startPlugin()
    const { volumes } = await openEngine(definitionOf(socket, quick))
    await volumes.create({ name: 'good' })
    await volumes.create({ name: 'bad' })
    await volumes.detach('good', (await volumes.attach('good', { holder: 'me' })).id)
    plugin.break('Mount', fault)
    await expect(volumes.attach('bad', { holder: 'me' })).rejects.toMatchObject({ subject: 'bad' })
    const held = await volumes.attach('good', { holder: 'me' })
    const listed = await volumes.list()
    expect(listed.volumes.map(({ name }) => name)).toEqual(['bad', 'good'])
    await volumes.detach('good', held.id)
    const again = await volumes.attach('bad', { holder: 'me' })
    await volumes.detach('bad', again.id)
    for (const name of ['good', 'bad']) await volumes.remove(name)
    expect(plugin.volumes.size).toBe(0)
  })

  it('keeps labels and references while the plugin is away, and goes on with them', async () => {
    const { plugin, socket } = await startPlugin()
    const { volumes } = await openEngine(definitionOf(socket, quick))
    await volumes.create({ name: 'data', labels: { tier: 'db' } })
    const held = await volumes.attach('data', { holder: 'me' })
    await plugin.die()
    const listed = await volumes.list()
    expect(listed.volumes).toMatchObject([{ name: 'data', labels: { tier: 'db' }, references: [held] }])
    expect(await volumes.find('data')).toMatchObject({ labels: { tier: 'db' }, references: [held] })
    await expect(volumes.detach('data', held.id)).rejects.toMatchObject({ code: 'unavailable' })
    rmSync(socket, { force: true })
    await plugin.listen(socket)
    await volumes.detach('data', held.id)
    expect(plugin.volumes.get('data')?.count).toBe(0)
    await volumes.remove('data')
  })

  it('finds what the plugin has and we lack, and takes it into the records when it is used', async () => {
    const { plugin, socket } = await startPlugin()
    const { volumes } = await openEngine(definitionOf(socket))
    for (const name of ['used', 'seen', 'gone']) {
      plugin.work({ path: '/VolumeDriver.Create', body: JSON.stringify({ Name: name }), headers: {} })
    }
    const { volumes: listed, warnings } = await volumes.list()
    expect(listed.map(({ name, createdAt: at }) => [name, new Date(at).toISOString()])).toEqual(
      ['gone', 'seen', 'used'].map((name) => [name, new Date(createdAt).toISOString()]),
    )
    expect(warnings).toEqual([])
    const held = await volumes.attach('used', { holder: 'me' })
    expect(plugin.volumes.get('used')?.count).toBe(1)
    await expect(volumes.remove('used')).rejects.toMatchObject({ code: 'in-use' })
    await volumes.detach('used', held.id)
    await volumes.remove('gone')
    expect([...plugin.volumes.keys()].sort()).toEqual(['seen', 'used'])
    expect(plugin.calls).not.toContain('Create')
    await expect(volumes.get('nobody')).rejects.toMatchObject({ code: 'not-found' })
  })

  it('lists within two seconds what is recorded while the plugin hangs, with a warning that names it', async () => {
    const { plugin, socket } = await startPlugin()
    const { volumes } = await openEngine(definitionOf(socket))
    await volumes.create({ name: 'data', labels: { tier: 'db' } })
    plugin.break('List', faults.hang)
    const started = performance.now()
    const { volumes: listed, warnings } = await volumes.list()
    expect(performance.now() - started).toBeLessThan(2500)
    expect(listed).toMatchObject([{ name: 'data', labels: { tier: 'db' } }])
    expect(warnings).toEqual([expect.stringContaining('list fake: ')])
  })
})

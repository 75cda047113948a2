import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { createVolumeEngine } from '@pouch/volume-core'
import { memoryDriver } from '@pouch/volume-core/testing'
import { describe, expect, it } from 'vitest'
import { discoverPlugins, pluginSource } from '../src/index.js'
import { FakePlugin } from './support/fake-plugin.js'
import { afterwards, call, freshDirectory, hasty, openDriver, volume } from './support/setting.js'

/** Makes a file, and the directories above it. */
function put(directory: string, path: string, text: string): string {
  const file = join(directory, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

/** Makes a socket at which somebody listens who never answers. */
async function putSocket(directory: string, path: string): Promise<string> {
  const file = join(directory, path)
  mkdirSync(dirname(file), { recursive: true })
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(file, resolve))
  afterwards(() => server.close())
  return file
}

const spec = 'tcp://127.0.0.1:7000\n'

describe('discovery', () => {
  it('finds sockets, .spec and .json files, also in a directory of their own name, sockets first', async () => {
    const [run, etc] = [freshDirectory(), freshDirectory()]
    const expected = [
      ['direct', await putSocket(run, 'direct.sock')],
      ['folder', await putSocket(run, 'folder/folder.sock')],
      [
        'json',
        put(etc, 'json.json', JSON.stringify({ Name: 'of no account', Addr: 'https://example.org/docker/plugin' })),
      ],
      ['json-folder', put(etc, 'json-folder/json-folder.json', JSON.stringify({ Addr: 'unix:///a.sock' }))],
      ['spec', put(etc, 'spec.spec', spec)],
      ['spec-folder', put(etc, 'spec-folder/spec-folder.spec', 'unix:///a.sock')],
    ]
    put(etc, 'direct.spec', spec)
    put(etc, 'spec.json', '{}')
    const found = await discoverPlugins({ directories: [run, etc] })
    expect(found.map(({ name, file }) => [name, file])).toEqual(expected)
    expect(found.map(({ address }) => address?.text)).toEqual([
      `unix://${run}/direct.sock`,
      `unix://${run}/folder/folder.sock`,
      'https://example.org',
      'unix:///a.sock',
      'tcp://127.0.0.1:7000',
      'unix:///a.sock',
    ])
  })

  it('passes over what is no plugin: hidden files, other endings, files called .sock, directories, dead links', async () => {
    const directory = freshDirectory()
    await putSocket(directory, '.hidden.sock')
    await putSocket(directory, 'other.socket')
    put(directory, '.hidden/.hidden.spec', spec)
    put(directory, 'file.sock', spec)
    put(directory, 'notes.txt', spec)
    put(directory, 'folder/other.spec', spec)
    put(directory, 'deep/deep/deep.spec', spec)
    mkdirSync(join(directory, 'dir.spec'))
    symlinkSync('/nowhere', join(directory, 'dead.sock'))
    symlinkSync('round.sock', join(directory, 'round.sock'))
    expect(await discoverPlugins({ directories: [directory, join(directory, 'absent')] })).toEqual([])
  })

  it('follows a link to a socket', async () => {
    const [directory, elsewhere] = [freshDirectory(), freshDirectory()]
    symlinkSync(await putSocket(elsewhere, 's'), join(directory, 'linked.sock'))
    expect(await discoverPlugins({ directories: [directory] })).toMatchObject([{ name: 'linked', error: undefined }])
  })

  it.each<[string, string, string]>([
    ['empty.spec', '', 'write unix:///path/of/the.sock'],
    ['word.spec', 'hello', 'write unix:///path/of/the.sock'],
    ['relative.spec', 'unix://run/a.sock', 'is absolute'],
    ['bare.spec', '/run/a.sock', 'write unix:///run/a.sock'],
    ['portless.spec', 'tcp://127.0.0.1', 'tcp needs a port'],
    ['secret.spec', 'http://me:pass@host:1', 'no meaning'],
    ['junk.json', '{', 'no JSON'],
    ['list.json', '[]', 'it is no object'],
    ['bare.json', '{}', 'has no Addr'],
    ['tls.json', '{"Addr":"https://h","TLSConfig":7}', 'TLSConfig is no object'],
    ['ca.json', '{"Addr":"https://h","TLSConfig":{"CAFile":"ca.pem"}}', 'absolute path'],
    ['key.json', '{"Addr":"https://h","TLSConfig":{"CertFile":"/c.pem"}}', 'given together'],
    ['skip.json', '{"Addr":"https://h","TLSConfig":{"InsecureSkipVerify":"yes"}}', 'true or false'],
    ['Big_Name.spec', spec, 'rename the file'],
    ['large.spec', `tcp://h:1${' '.repeat(70_000)}`, 'more than 65536 bytes'],
  ])('tells why %s cannot be used, and has the others', async (file, text, why) => {
    const directory = freshDirectory()
    put(directory, file, text)
    put(directory, 'good.spec', spec)
    const found = await discoverPlugins({ directories: [directory] })
    expect(found).toHaveLength(2)
    const bad = found.find(({ name }) => name !== 'good')
    expect(bad).toMatchObject({
      address: undefined,
      error: { code: 'invalid-argument', message: expect.stringContaining(why) },
    })
    expect(bad?.error?.message).not.toContain('me:pass')
    expect(found.find(({ name }) => name === 'good')?.error).toBeUndefined()
    expect(await pluginSource({ directories: [directory] }).names?.()).toEqual(['good'])
  })

  it('refuses directories that are not absolute', async () => {
    await expect(discoverPlugins({ directories: ['plugins'] })).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

describe('a source of plugins', () => {
  it('has no plugin for a name without a file, and takes no time for it', async () => {
    const source = pluginSource({ directories: [freshDirectory(), '/nowhere/at/all'] })
    const started = performance.now()
    for (const name of ['absent', '..', '.', '', '../../etc/passwd', '.hidden', 'a\0b']) {
      expect(await source.find(name, call())).toBeUndefined()
    }
    expect(performance.now() - started).toBeLessThan(200)
  })

  it('leaves its directory for no name', async () => {
    const directory = freshDirectory()
    put(directory, 'up.spec', spec)
    mkdirSync(join(directory, 'in'))
    const source = pluginSource({ directories: [join(directory, 'in')] })
    expect(await source.find('../up', call())).toBeUndefined()
  })

  it('tells why a plugin that has a file cannot be used', async () => {
    const directory = freshDirectory()
    put(directory, 'bad.json', '{}')
    await expect(pluginSource({ directories: [directory] }).find('bad', call())).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining(`${directory}/bad.json`),
    })
  })

  it('looks for the file anew when the plugin is activated: it may have moved', async () => {
    const directory = freshDirectory()
    const plugin = new FakePlugin({ root: freshDirectory() })
    await plugin.listen(join(directory, 'mine.sock'))
    afterwards(() => plugin.die())
    const source = pluginSource({ directories: [directory], timeouts: hasty })
    const definition = await source.find('mine', call())
    expect(definition).toMatchObject({ contract: 1, name: 'mine', options: 'passthrough' })
    if (definition === undefined) throw new Error('the plugin was not found')
    const driver = await openDriver(definition)
    await driver.create(volume('data'), call())
    mkdirSync(join(directory, 'mine'))
    renameSync(join(directory, 'mine.sock'), join(directory, 'mine/mine.sock'))
    // The first call finds that the old place is empty.
    await expect(driver.inventory?.list(call())).rejects.toMatchObject({ code: 'unavailable' })
    expect(await driver.inventory?.list(call())).toHaveLength(1)
    rmSync(join(directory, 'mine'), { recursive: true })
    for (const _ of [1, 2]) {
      await expect(driver.inventory?.list(call())).rejects.toMatchObject({ code: 'unavailable' })
    }
    await expect(driver.inventory?.list(call())).rejects.toMatchObject({
      message: expect.stringContaining('has no file in the directories of plugins'),
    })
  })
})

describe('an engine with a source of plugins', () => {
  it('uses a plugin that appears while it runs, and knows nothing of others at once', async () => {
    const directory = freshDirectory()
    const engine = await createVolumeEngine({
      home: freshDirectory(),
      drivers: [memoryDriver({ name: 'local' })],
      driverSources: [pluginSource({ directories: [directory], timeouts: hasty })],
    })
    afterwards(() => engine.close())
    const started = performance.now()
    await expect(engine.volumes.create({ name: 'data', driver: 'mine' })).rejects.toMatchObject({ code: 'not-found' })
    expect(performance.now() - started).toBeLessThan(500)
    const plugin = new FakePlugin({ root: freshDirectory(), scope: 'global' })
    await plugin.listen(join(directory, 'mine.sock'))
    afterwards(() => plugin.die())
    const made = await engine.volumes.create({ name: 'data', driver: 'mine', options: { size: '1g' } })
    expect(made).toMatchObject({ driver: 'mine', scope: 'global' })
    expect(plugin.volumes.get('data')?.options).toEqual({ size: '1g' })
    expect(engine.drivers().map(({ name }) => name)).toEqual(['local', 'mine'])
    await expect(engine.volumes.create({ name: 'more', driver: 'yours' })).rejects.toMatchObject({
      details: { drivers: ['local', 'mine'] },
    })
  })
})

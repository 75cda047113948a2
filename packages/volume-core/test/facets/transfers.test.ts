import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'
import { memoryStore } from '@pouch/store'
import { describe, expect, it, vi } from 'vitest'
import { memoryDriver } from '../../src/testing.js'
import { freshHome, openEngine, spoilt } from '../support/open-engine.js'
import { bytesOf, codeOf, fullDriver, onHost, read, replaced, write } from './support.js'

async function withVolume(drivers = [fullDriver('local', 'reference'), fullDriver('other')]) {
  const home = freshHome()
  const store = memoryStore()
  const engine = await openEngine({ home, drivers, store })
  await engine.volumes.create({ name: 'vol' })
  write(home, 'local', 'vol', 'content')
  const folder = join(home, 'local/vol/folder')
  mkdirSync(folder)
  writeFileSync(join(folder, 'tool'), '#!')
  chmodSync(join(folder, 'tool'), 0o4751)
  symlinkSync('folder/tool', join(home, 'local/vol/link'))
  return { home, store, engine, volumes: engine.volumes }
}

async function* of(...chunks: Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* chunks
}

describe('an export and an import', () => {
  it('carry a volume over, to any driver', async () => {
    const { engine, home, volumes } = await withVolume()
    const imported = vi.fn()
    engine.events.on('volume.imported', imported)
    const onProgress = vi.fn()
    const archive = await bytesOf(await volumes.export('vol', { onProgress }))
    const volume = await volumes.import({ name: 'copy', driver: 'other', labels: { is: 'copy' } }, of(archive))
    expect(volume).toMatchObject({ name: 'copy', driver: 'other', labels: { is: 'copy' }, references: [] })
    const copy = join(home, 'other/copy')
    expect(readFileSync(join(copy, 'data'), 'utf8')).toBe('content')
    expect(lstatSync(join(copy, 'folder/tool')).mode & 0o7777).toBe(0o4751)
    expect(readlinkSync(join(copy, 'link'))).toBe('folder/tool')
    expect(imported).toHaveBeenCalledExactlyOnceWith(volume)
    expect(onProgress).toHaveBeenLastCalledWith({ files: 5, bytes: 9 })
    expect((await volumes.get('vol')).references).toEqual([])
  })

  it('hold the volume while it is read, and let go of it when the reader leaves', async () => {
    const { home, volumes } = await withVolume()
    const archive = await volumes.export('vol')
    expect(onHost(home)).toContain('local/vol is mounted')
    await expect(volumes.remove('vol')).rejects.toMatchObject({
      code: 'in-use',
      details: { holders: ['pouch:export'] },
    })
    for await (const chunk of archive) if (chunk.length > 0) break
    expect((await volumes.get('vol')).references).toEqual([])
    expect(onHost(home)).not.toContain('local/vol is mounted')
    expect(await codeOf(bytesOf(archive))).toBe('conflict')
  })

  it('let go of it when the archive is disposed of, read or not', async () => {
    const { volumes } = await withVolume()
    const unread = await volumes.export('vol')
    await unread[Symbol.asyncDispose]()
    const begun = await volumes.export('vol')
    const reader = begun[Symbol.asyncIterator]()
    await reader.next()
    await begun[Symbol.asyncDispose]()
    expect((await volumes.get('vol')).references).toEqual([])
    expect(await codeOf(reader.next())).toBe('aborted')
    await volumes.remove('vol')
  })

  it('end with the engine, and with the caller', async () => {
    const { engine, home, store, volumes } = await withVolume()
    const leaving = new AbortController()
    const left = await volumes.export('vol', {}, { signal: leaving.signal })
    leaving.abort()
    expect(await codeOf(bytesOf(left))).toBe('aborted')
    const open = await volumes.export('vol')
    const reader = open[Symbol.asyncIterator]()
    await reader.next()
    await engine.close()
    expect(await codeOf(reader.next())).toBe('unavailable')
    const next = await openEngine({ home, store, drivers: [fullDriver('local', 'reference')] })
    expect((await next.volumes.get('vol')).references).toEqual([])
  })

  it('are refused while somebody writes, unless that is allowed', async () => {
    const { volumes } = await withVolume()
    await volumes.attach('vol', { holder: 'reader', readOnly: true })
    await bytesOf(await volumes.export('vol'))
    await volumes.attach('vol', { holder: 'writer' })
    await expect(volumes.export('vol')).rejects.toMatchObject({ code: 'in-use', op: 'volume.export' })
    expect((await bytesOf(await volumes.export('vol', { allowInconsistent: true }))).length).toBeGreaterThan(1024)
  })

  it('warn of who comes to write meanwhile', async () => {
    const { volumes } = await withVolume()
    const onWarning = vi.fn()
    const archive = await volumes.export('vol', { onWarning })
    await volumes.attach('vol', { holder: 'reader', readOnly: true })
    await volumes.attach('vol', { holder: 'writer' })
    await bytesOf(archive)
    expect(onWarning).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('writer began to write'))
  })
})

describe('an import that fails', () => {
  it('leaves no volume, whatever broke', async () => {
    const { home, volumes } = await withVolume()
    const archive = await bytesOf(await volumes.export('vol'))
    const before = onHost(home)
    const half = of(archive.subarray(0, archive.length / 2))
    expect(await codeOf(volumes.import({ name: 'copy' }, half))).toBe('corrupt')
    const breaking = (async function* () {
      yield archive.subarray(0, 600)
      throw new Error('the line broke')
    })()
    await expect(volumes.import({ name: 'copy' }, breaking)).rejects.toMatchObject({
      code: 'internal',
      op: 'volume.import',
      subject: 'copy',
      message: expect.stringContaining('the line broke'),
    })
    const leaving = new AbortController()
    const hanging = (async function* () {
      yield archive.subarray(0, 600)
      leaving.abort()
      await new Promise<never>(() => undefined)
    })()
    expect(await codeOf(volumes.import({ name: 'copy' }, hanging, { signal: leaving.signal }))).toBe('aborted')
    expect(onHost(home)).toEqual(before)
    expect((await volumes.list()).volumes.map(({ name }) => name)).toEqual(['vol'])
  })

  it('tells the entry and the volume, not where that was on its way', async () => {
    const { home, volumes } = await withVolume()
    const folder = freshHome()
    symlinkSync('/', join(folder, 'l'))
    writeFileSync(join(folder, 'file'), 'x')
    const named = (name: string) =>
      execFileSync('tar', ['-c', '-C', folder, '--transform', `s|file|${name}|`, 'l', 'file'])
    const long = 'n'.repeat(300)
    const failures = [
      ['l/pwn', 'invalid-argument', /^import copy: 'l\/pwn' leads through a link [^/]*: make all that is above it/],
      [long, 'invalid-argument', /^import copy: cannot write n{300}: ENAMETOOLONG/],
    ] as const
    for (const [name, code, message] of failures) {
      const failure = volumes.import({ name: 'copy' }, of(named(name)))
      await expect(failure).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    }
    expect(onHost(home)).toEqual(['local/vol=content'])
  })

  it('was none: the name is taken, the driver forgets, the options are wrong', async () => {
    const forgetful = spoilt(memoryDriver({ name: 'forgetful' }), () => ({
      traits: { scope: 'local', durable: false, accessModes: ['single-node-writer'] },
    }))
    const { volumes } = await withVolume([fullDriver('local'), fullDriver('other'), forgetful])
    expect(await codeOf(volumes.import({ name: 'vol' }, of()))).toBe('already-exists')
    expect(await codeOf(volumes.import({ name: 'copy', driver: 'none' }, of()))).toBe('not-found')
    expect(await codeOf(volumes.import({ name: 'copy', options: { size: 'much' } }, of()))).toBe('invalid-argument')
    expect(await codeOf(volumes.import({ name: 'copy', driver: 'forgetful' }, of()))).toBe('unsupported')
    expect(await codeOf(volumes.migrate('vol', { driver: 'forgetful' }))).toBe('unsupported')
    expect((await volumes.list()).volumes.map(({ name }) => name)).toEqual(['vol'])
  })

  it('is seen by nobody before it is whole', async () => {
    const { volumes } = await withVolume()
    const archive = await bytesOf(await volumes.export('vol'))
    let seen: unknown
    const looking = (async function* () {
      yield archive.subarray(0, 600)
      seen = [await volumes.find('copy'), (await volumes.list()).volumes.length]
      yield archive.subarray(600)
    })()
    await volumes.import({ name: 'copy' }, looking)
    expect(seen).toEqual([undefined, 1])
    expect(await volumes.get('copy')).toMatchObject({ status: undefined })
  })
})

describe('a migration', () => {
  it('moves a volume, with its labels and what is in it', async () => {
    const { engine, home, volumes } = await withVolume()
    const migrated = vi.fn()
    engine.events.on('volume.migrated', migrated)
    await volumes.update('vol', { labels: { kept: 'yes' } })
    const volume = await volumes.migrate('vol', { driver: 'other', options: { note: 'new' } })
    expect(volume).toMatchObject({
      driver: 'other',
      options: { note: 'new' },
      labels: { kept: 'yes' },
      status: undefined,
    })
    expect(volume.mountpoint).toBe(join(home, 'other/vol'))
    expect(lstatSync(join(home, 'other/vol/folder/tool')).mode & 0o7777).toBe(0o4751)
    expect(onHost(home)).toEqual(['other/vol=content'])
    expect(migrated).toHaveBeenCalledExactlyOnceWith(volume, 'local')
    expect(await volumes.migrate('vol', { driver: 'other', options: { note: 'new' } })).toEqual(volume)
    expect(migrated).toHaveBeenCalledOnce()
  })

  it('is refused under somebody, and over what the other driver has', async () => {
    const { volumes } = await withVolume([fullDriver('local'), fullDriver('other', undefined, ['inventory'])])
    await volumes.reserve('vol', { holder: 'somebody', id: 'ref' })
    await expect(volumes.migrate('vol', { driver: 'other' })).rejects.toMatchObject({
      code: 'in-use',
      details: { holders: ['somebody'] },
    })
    await volumes.release('vol', 'ref')
    expect(await codeOf(volumes.migrate('vol', { driver: 'none' }))).toBe('not-found')
    expect(await codeOf(volumes.migrate('vol', { driver: '' }))).toBe('invalid-argument')
    const { home } = await withVolume([fullDriver('local')])
    const both = await openEngine({
      home,
      drivers: [fullDriver('local'), fullDriver('other', undefined, ['inventory'])],
    })
    await both.volumes.create({ name: 'vol', driver: 'local' })
    write(home, 'other', 'vol', 'somebody else')
    expect(await codeOf(both.volumes.migrate('vol', { driver: 'other' }))).toBe('already-exists')
    expect(read(home, 'other', 'vol')).toBe('somebody else')
  })

  it('to other options needs a driver that renames', async () => {
    const { volumes } = await withVolume([memoryDriver({ name: 'local' })])
    expect(await codeOf(volumes.migrate('vol', { driver: 'local', options: { note: 'x' } }))).toBe('unsupported')
  })

  it('that the other driver fails leaves the volume where it was', async () => {
    const full = async () => Promise.reject(new PouchError('exhausted', 'it is full'))
    const { home, volumes } = await withVolume([fullDriver('local'), replaced(fullDriver('other'), { create: full })])
    const before = onHost(home)
    expect(await codeOf(volumes.migrate('vol', { driver: 'other' }))).toBe('exhausted')
    expect(onHost(home)).toEqual(before)
    expect(await volumes.get('vol')).toMatchObject({ driver: 'local', status: undefined, references: [] })
  })

  it('compares before it switches over', async () => {
    const { home, volumes } = await withVolume([fullDriver('local'), fullDriver('other')])
    const spoil = () => {
      const [target = ''] = readdirSync(join(home, 'other'))
      writeFileSync(join(home, 'other', target, 'extra'), 'not in the source')
    }
    const before = onHost(home)
    await expect(volumes.migrate('vol', { driver: 'other', onProgress: spoil })).rejects.toMatchObject({
      code: 'corrupt',
      op: 'volume.migrate',
      message: expect.stringContaining('stays where it is'),
    })
    expect(onHost(home)).toEqual(before)
  })

  it('whose source cannot be removed yet is done, and says what is left', async () => {
    let isStuck = true
    const good = fullDriver('local')
    const stuck = spoilt(good, (driver) => ({
      remove: async (volume, call) => {
        if (isStuck) throw new PouchError('internal', 'it is stuck')
        await driver.remove(volume, call)
      },
    }))
    const { home, volumes } = await withVolume([stuck, fullDriver('other')])
    const volume = await volumes.migrate('vol', { driver: 'other' })
    expect(volume).toMatchObject({ driver: 'other', status: { error: expect.stringContaining('it is stuck') } })
    const { id, path } = await volumes.attach('vol', { holder: 'somebody' })
    expect(path).toBe(join(home, 'other/vol'))
    isStuck = false
    await volumes.detach('vol', id)
    await volumes.update('vol', { labels: { again: 'yes' } })
    expect(onHost(home)).toEqual(['other/vol=content'])
    expect((await volumes.get('vol')).status).toBeUndefined()
  })
})

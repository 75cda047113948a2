import assert from 'node:assert/strict'
import { hasCode } from '@pouch/errors'
import { describe, it } from 'vitest'
import {
  defineRecord,
  type JsonValue,
  type MetadataStore,
  memoryStore,
  quarantinePrefix,
  schemaKey,
  upgradeStore,
} from '../src/index.js'

interface Volume {
  readonly name: string
  readonly sizeBytes: number
}

function toVolume(data: JsonValue): Volume {
  const { name, sizeBytes } = data as { name?: JsonValue; sizeBytes?: JsonValue }
  if (typeof name !== 'string' || typeof sizeBytes !== 'number') throw new TypeError('a volume has a name and a size')
  return { name, sizeBytes }
}

const upgrades = {
  1: (data: JsonValue) => ({ name: data }),
  2: (data: JsonValue) => ({ ...(data as { name: string }), sizeBytes: 0 }),
}
const first = defineRecord({ name: 'volume', prefix: 'volume/', version: 1, validate: (data) => String(data) })
const volumes = defineRecord({ name: 'volume', prefix: 'volume/', version: 3, upgrades, validate: toVolume })
const newer = defineRecord({
  name: 'volume',
  prefix: 'volume/',
  version: 4,
  upgrades: { ...upgrades, 3: (data: JsonValue) => data },
  validate: (data) => data,
})

async function readValue(store: MetadataStore, key: string): Promise<JsonValue | undefined> {
  return (await store.get(key))?.value
}

async function keysOf(store: MetadataStore): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list('')) keys.push(key)
  return keys
}

describe('a record type', () => {
  const entry = (value: JsonValue) => ({ key: 'volume/a', value, revision: 'r' })

  it('decodes what it encodes', () => {
    const volume = { name: 'a', sizeBytes: 5 }
    assert.deepEqual(volumes.decode(entry(volumes.encode(volume))), volume)
  })

  it('upgrades older data step by step', () => {
    assert.deepEqual(volumes.decode(entry(first.encode('a'))), { name: 'a', sizeBytes: 0 })
    assert.deepEqual(volumes.decode(entry({ record: 'volume', version: 2, data: { name: 'b' } })), {
      name: 'b',
      sizeBytes: 0,
    })
  })

  it('refuses a newer version by name', () => {
    assert.throws(
      () => volumes.decode(entry(newer.encode(1))),
      (error) => {
        assert(hasCode(error, 'unsupported'))
        assert.deepEqual(error.details, { record: 'volume', version: 4, known: 3 })
        assert.match(error.message, /volume records of version 4/)
        return true
      },
    )
  })

  it('calls everything else corrupt', () => {
    const unfit: JsonValue[] = [
      null,
      1,
      'text',
      [],
      {},
      { record: 'image', version: 3, data: { name: 'a', sizeBytes: 1 } },
      { record: 'volume', version: 0, data: 1 },
      { record: 'volume', version: 1.5, data: 1 },
      { record: 'volume', version: 3 },
      { record: 'volume', version: 3, data: { name: 'a' } },
      { record: 'volume', version: 2, data: null },
    ]
    for (const value of unfit)
      assert.throws(
        () => volumes.decode(entry(value)),
        (error) => hasCode(error, 'corrupt'),
        JSON.stringify(value),
      )
  })

  it('is not defined with an upgrade missing, or a version that is none', () => {
    const base = { name: 'x', prefix: 'x/', validate: (data: JsonValue) => data }
    for (const version of [0, -1, 1.5, Number.NaN, 2]) {
      assert.throws(
        () => defineRecord({ ...base, version }),
        (error) => hasCode(error, 'invalid-argument'),
      )
    }
  })
})

describe('upgradeStore', () => {
  it('rewrites old records, sets damaged ones aside, leaves the rest alone, and can be repeated', async () => {
    const store = memoryStore()
    for (let index = 0; index < 250; index += 1) await store.create(`volume/${index}`, first.encode(`v${index}`))
    await store.create('volume/new', volumes.encode({ name: 'new', sizeBytes: 7 }))
    await store.create('volume/bad', { record: 'volume', version: 3, data: { name: 1 } })
    await store.create('image/x', 'not ours')
    const told: string[] = []
    const report = await upgradeStore(store, [volumes], { log: { warn: (_, message) => told.push(message) } })
    assert.equal(report.upgraded, 250)
    assert.deepEqual(
      report.quarantined.map(({ key }) => key),
      ['volume/bad'],
    )
    assert.equal(told.length, 3)
    assert.deepEqual(await readValue(store, 'volume/249'), volumes.encode({ name: 'v249', sizeBytes: 0 }))
    assert.deepEqual(await readValue(store, 'volume/new'), volumes.encode({ name: 'new', sizeBytes: 7 }))
    assert.equal(await readValue(store, 'volume/bad'), undefined)
    assert.equal(await readValue(store, 'image/x'), 'not ours')
    const aside = (await keysOf(store)).filter((key) => key.startsWith(quarantinePrefix))
    const { content } = (await readValue(store, aside[0] ?? '')) as { content: JsonValue }
    assert.deepEqual(content, { record: 'volume', version: 3, data: { name: 1 } })
    const again = await upgradeStore(store, [volumes])
    assert.deepEqual(again, { upgraded: 0, quarantined: [], backupPath: undefined })
  })

  it('refuses a store with one newer record, and changes nothing', async () => {
    const store = memoryStore()
    await store.create('volume/old', first.encode('old'))
    await store.create('volume/zzz', newer.encode(1))
    await assert.rejects(upgradeStore(store, [volumes]), (error) => hasCode(error, 'unsupported'))
    assert.deepEqual(await readValue(store, 'volume/old'), first.encode('old'))
    assert.deepEqual(await keysOf(store), ['volume/old', 'volume/zzz'])
  })

  it('refuses a store that a newer version has opened, even when it holds no newer record', async () => {
    const store = memoryStore()
    await upgradeStore(store, [newer])
    await assert.rejects(
      upgradeStore(store, [volumes]),
      (error) => hasCode(error, 'unsupported') && error.details.record === 'volume',
    )
  })

  it('refuses a store whose schema is newer or damaged', async () => {
    const store = memoryStore()
    const revision = await store.create(schemaKey, { version: 99, records: {} })
    await assert.rejects(
      upgradeStore(store, [volumes]),
      (error) => hasCode(error, 'unsupported') && error.details.record === 'store',
    )
    await store.compareAndSet(schemaKey, { version: 'one' }, revision)
    await assert.rejects(upgradeStore(store, [volumes]), (error) => hasCode(error, 'corrupt'))
  })

  it('makes a backup before it rewrites, and none when there is nothing to rewrite', async () => {
    const store = memoryStore()
    const backups: unknown[] = []
    const backup = async (path?: string) => {
      backups.push([path, await readValue(store, 'volume/a')])
      return path ?? 'beside'
    }
    const withBackup = Object.assign(store, { backup })
    assert.equal((await upgradeStore(withBackup, [volumes])).backupPath, undefined)
    await store.create('volume/a', first.encode('a'))
    assert.equal((await upgradeStore(withBackup, [volumes], { backupPath: '/some/place' })).backupPath, '/some/place')
    assert.deepEqual(backups, [['/some/place', first.encode('a')]])
  })

  it('a record that grows past the limit when it is upgraded stays, and is told; the others are upgraded', async () => {
    const growing = defineRecord({
      name: 'text',
      prefix: 'text/',
      version: 2,
      upgrades: { 1: (data: JsonValue) => (data === 'big' ? 'x'.repeat(600_000) : data) },
      validate: (data) => data,
    })
    const store = memoryStore()
    for (const key of ['a', 'big', 'c']) await store.create(`text/${key}`, { record: 'text', version: 1, data: key })
    const report = await upgradeStore(store, [growing])
    assert.equal(report.upgraded, 2)
    assert.deepEqual(
      report.quarantined.map(({ key }) => key),
      ['text/big'],
    )
    assert.deepEqual(await readValue(store, 'text/c'), growing.encode('c'))
  })

  it('refuses kinds of records that cannot be told apart', async () => {
    const inside = defineRecord({ name: 'inner', prefix: 'volume/inner/', version: 1, validate: (data) => data })
    await assert.rejects(upgradeStore(memoryStore(), [volumes, inside]), (error) => hasCode(error, 'invalid-argument'))
  })
})

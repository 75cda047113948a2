import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, it } from 'vitest'
import { type SqliteStore, sqliteStore } from '../src/index.js'
import { killChild, nextMessage, runChild } from './children/run-child.js'
import { useFolders } from './folders.js'

const rounds = 8

describe('a process that is killed while four writers write', () => {
  const { makeFolder, keep } = useFolders()

  it(`loses nothing that was acknowledged, ${rounds} times in a row`, async () => {
    const folder = await makeFolder()
    const path = join(folder, 'state.db')
    for (let round = 0; round < rounds; round += 1) {
      const acknowledged = join(folder, `acknowledged-${round}`)
      await writeAndKill([path, acknowledged, String(round)], folder, 60 + round * 40)
      const lines = (await readFile(acknowledged, 'utf8')).trim().split('\n')
      assert(lines.length > 10, `round ${round} wrote only ${lines.length} lines`)
      const store = keep(await sqliteStore({ path }))
      await expectAll(store, lines)
      await expectWholeBatches(store, round)
      assert.deepEqual(await store.check().then(({ ok, problems }) => ({ ok, problems })), { ok: true, problems: [] })
      await store.close()
    }
  })

  async function writeAndKill(args: readonly string[], cache: string, afterMs: number): Promise<void> {
    const child = runChild('./writers.ts', args, cache)
    try {
      await nextMessage(child)
      await pause(afterMs)
    } finally {
      await killChild(child)
    }
  }
})

async function expectAll(store: SqliteStore, lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const [key = '', argument] = line.split(' ')
    if (key === 'gone') assert.equal(await store.get(argument ?? ''), undefined, `${argument} is back`)
    else {
      const entry = await store.get(key)
      assert(entry !== undefined, `${key} was acknowledged and is lost`)
      if (argument !== undefined) assert(Number(entry.value) >= Number(argument), `${key} fell back behind ${argument}`)
    }
  }
}

async function expectWholeBatches(store: SqliteStore, round: number): Promise<void> {
  const parts = new Map<string, number>()
  for await (const { key } of store.list(`batch/${round}/`)) {
    const batch = key.slice(0, key.lastIndexOf('/'))
    parts.set(batch, (parts.get(batch) ?? 0) + 1)
  }
  assert(parts.size > 0)
  assert.deepEqual(new Set(parts.values()), new Set([3]))
}

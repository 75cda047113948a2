import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hasCode } from '@pouch/errors'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { sqliteStore } from '../../src/index.js'

const run = promisify(execFile)

describe('a full disk', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pouch-store-'))
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', folder])
  })

  afterEach(async () => {
    await run('umount', [folder])
    await rmdir(folder)
  })

  it('is exhausted for those who write, keeps what was acknowledged, and the store goes on once there is room', async () => {
    const path = join(folder, 'state.db')
    const ballast = join(folder, 'ballast')
    const store = await sqliteStore({ path })
    try {
      await store.create('first', 1)
      await writeFile(ballast, Buffer.alloc(2 * 1024 * 1024))
      const big = 'x'.repeat(200_000)
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => store.create(`k/${index}`, big)),
      )
      const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
      assert(refused.length > 0)
      assert(
        refused.every((reason) => hasCode(reason, 'exhausted')),
        String(refused[0]),
      )
      const written = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []))
      for (const index of written) assert.equal((await store.get(`k/${index}`))?.value, big)
      await rm(ballast)
      await store.create('last', 1)
      await store.close()
      const next = await sqliteStore({ path })
      const keys: string[] = []
      for await (const { key } of next.list('')) keys.push(key)
      assert.deepEqual(keys, ['first', ...written.map((index) => `k/${index}`).sort(), 'last'])
      assert.equal((await next.check()).ok, true)
      await next.close()
    } finally {
      await store.close()
    }
  })
})

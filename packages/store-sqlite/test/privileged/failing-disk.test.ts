import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'vitest'
import { sqliteStore } from '../../src/index.js'
import { useFolders } from '../folders.js'

interface Outcome {
  readonly value?: unknown
  readonly code?: string
  readonly message?: string
}

interface Report {
  readonly first: Outcome
  readonly group: readonly Outcome[]
  readonly later: Outcome
  readonly lazy: Outcome
  readonly firstRead: Outcome
  readonly laterRead: Outcome
  readonly copied: Outcome
  readonly told: readonly string[]
}

const children = new URL('../children/', import.meta.url)

/** Runs the child on a disk that gives EIO: strace answers in the kernel's place. */
async function runOnFailingDisk(folder: string, inject: string): Promise<Report> {
  const path = join(folder, 'state.db')
  const calls = inject.split(':')[0] ?? ''
  const loader = new URL('typescript-loader.mjs', children).href
  const node = [process.execPath, '--import', loader, new URL('on-failing-disk.ts', children).pathname]
  const strace = ['-f', '-qq', '-o', '/dev/null', '-P', `${path}-wal`, '-e', `trace=${calls}`, `--inject=${inject}`]
  const child = spawn('strace', [...strace, ...node, path, join(folder, 'backup.db')], {
    // strace counts the calls of each thread on its own.
    env: { ...process.env, POUCH_TEST_CACHE: folder, UV_THREADPOOL_SIZE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  assert(out !== '', errors)
  return JSON.parse(out) as Report
}

describe('a disk that fails', () => {
  const { makeFolder, keep } = useFolders()

  // The first entry takes two fsyncs: the header of a new log, and itself.
  it.each([
    ['a single fsync', 'fsync,fdatasync:error=EIO:when=3'],
    ['every fsync from one on', 'fsync,fdatasync:error=EIO:when=3+'],
  ])('after %s that failed nothing more is written before the store is opened again', async (_, inject) => {
    const folder = await makeFolder()
    const { first, group, later, lazy, firstRead, laterRead, copied, told } = await runOnFailingDisk(folder, inject)
    assert.equal(first.value, 'a text')
    for (const { code, message } of group) {
      assert.equal(code, 'internal', 'whether it is on the disk is not known')
      assert.match(message ?? '', /could not be written.*disk I\/O error.*the disk has failed/s)
    }
    for (const { code, message } of [later, lazy]) {
      assert.equal(code, 'unavailable')
      assert.match(message ?? '', /takes no writes since one has failed.*opened again/s)
    }
    assert.deepEqual([firstRead.value, laterRead.value], [1, null])
    assert.equal(copied.value, 'a text')
    assert.equal(told.length, 1, told.join('\n'))

    const next = keep(await sqliteStore({ path: join(folder, 'state.db') }))
    assert.equal((await next.get('first'))?.value, 1)
    assert.equal(await next.get('later'), undefined)
    // Of unknown outcome, but all of the group or nothing of it.
    assert.equal((await next.get('group/1')) === undefined, (await next.get('group/2')) === undefined)
    assert.equal((await next.check()).ok, true)
    await next.create('later', 2)
    const copy = keep(await sqliteStore({ path: join(folder, 'backup.db') }))
    assert.equal((await copy.get('first'))?.value, 1)
  })

  it('that cannot write is the same', async () => {
    const folder = await makeFolder()
    // The log's header, then a header and a page for each frame.
    const { first, group, later } = await runOnFailingDisk(folder, 'pwrite64:error=EIO:when=8+')
    assert.equal(first.value, 'a text')
    assert.deepEqual(
      group.map(({ code }) => code),
      ['internal', 'internal'],
    )
    assert.equal(later.code, 'unavailable')
    const next = keep(await sqliteStore({ path: join(folder, 'state.db') }))
    assert.equal((await next.get('first'))?.value, 1)
    assert.equal(await next.get('group/1'), undefined)
  })
})

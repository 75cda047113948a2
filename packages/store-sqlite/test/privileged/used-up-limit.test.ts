import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterEach, describe, it } from 'vitest'
import { sqliteStore } from '../../src/index.js'
import { useFolders } from '../folders.js'

const run = promisify(execFile)
const children = new URL('../children/', import.meta.url)

interface Report {
  readonly written: number
  readonly failures: readonly { readonly code: string; readonly message: string }[]
  readonly isLastThere?: boolean
}

/** Fills a store in a process of its own. @param wrap what starts it, with a limit */
async function fill(path: string, cache: string, wrap: readonly string[] = []): Promise<Report> {
  const loader = new URL('typescript-loader.mjs', children).href
  const node = [process.execPath, '--import', loader, new URL('on-limited-disk.ts', children).pathname, path]
  const [command = '', ...args] = [...wrap, ...node]
  const env = { ...process.env, POUCH_TEST_CACHE: cache }
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  assert(out !== '', errors)
  return JSON.parse(out) as Report
}

/** The store told that there was no room, wrote nothing more, and has what it acknowledged once there is room again. */
function expectExhausted({ written, failures, isLastThere }: Report, errno: string): void {
  assert(written > 2, JSON.stringify(failures))
  const [first, second] = failures
  assert.equal(first?.code, 'exhausted')
  assert.match(first?.message ?? '', new RegExp(`found no room \\(${errno}\\): raise the quota.*open the store again`))
  assert.doesNotMatch(first?.message ?? '', /the disk has failed/)
  assert.equal(second?.code, 'unavailable')
  assert.equal(isLastThere, true, 'it is read all the same')
}

async function expectAll(path: string, written: number): Promise<void> {
  const store = await sqliteStore({ path })
  try {
    let entries = 0
    for await (const { key } of store.list('k/')) {
      assert.equal(key, `k/${String(entries).padStart(4, '0')}`)
      entries += 1
    }
    assert.equal(entries, written)
    assert.equal((await store.check()).ok, true)
    await store.create('last', 1)
  } finally {
    await store.close()
  }
}

describe('a limit that is used up', () => {
  const { makeFolder } = useFolders()
  const undo: (() => Promise<unknown>)[] = []

  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step()
  })

  it('of the size of files (EFBIG) is no room, and nothing that was acknowledged is lost', async () => {
    const folder = await makeFolder()
    const path = join(folder, 'state.db')
    const report = await fill(path, folder, ['prlimit', '--fsize=1000000'])
    expectExhausted(report, 'EFBIG')
    assert(!(await readdir(folder)).includes('state.db.probe'))
    await expectAll(path, report.written)
  })

  it('of a quota (EDQUOT) is no room, and nothing that was acknowledged is lost', async () => {
    const folder = await makeFolder()
    const [image, top] = [join(folder, 'image'), join(folder, 'top')]
    await run('truncate', ['-s', '200M', image])
    await run('mkfs.btrfs', ['-q', image])
    await mkdir(top)
    await run('mount', ['-o', 'loop', image, top])
    undo.push(() => run('umount', [top]))
    await run('btrfs', ['quota', 'enable', top])
    const home = join(top, 'home')
    await run('btrfs', ['subvolume', 'create', home])
    await run('btrfs', ['qgroup', 'limit', '4M', home])
    const path = join(home, 'state.db')
    const report = await fill(path, folder)
    expectExhausted(report, 'EDQUOT')
    await run('btrfs', ['qgroup', 'limit', 'none', home])
    await expectAll(path, report.written)
  })
})

import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasCode } from '@pouch/errors'
import { createVolumeEngine } from '@pouch/volume-core'
import { local } from '@pouch/volume-local'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseInvocation, type StoreTask } from '../src/flags.js'
import { openStore } from '../src/open-store.js'
import { doTask } from '../src/store-tasks/do-task.js'
import type { TaskReport } from '../src/store-tasks/task-report.js'
import { silent } from './support/silent-log.js'
import { openVolumeServer } from './support/volume-server.js'

describe('tasks on the store', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'pouchd-store-'))
  })
  afterEach(() => rmSync(home, { recursive: true, force: true }))

  const path = () => join(home, 'pouch.db')

  async function run(...args: string[]): Promise<TaskReport & { readonly text: string }> {
    const report = await doTask(parseInvocation(['--home-dir', home, ...args]) as StoreTask)
    return { ...report, text: report.lines.join('\n') }
  }

  /** Volumes as the daemon makes them, in the store as the daemon opens it. */
  async function withVolumes(count: number, task: () => Promise<void> = async () => undefined): Promise<void> {
    const store = await openStore('sqlite', home, silent)
    const engine = await createVolumeEngine({ home, drivers: [local()], store })
    try {
      for (let index = 0; index < count; index += 1) await engine.volumes.create({ name: `v${index}` })
      await task()
    } finally {
      await engine.close()
      await store.close()
    }
  }

  async function volumesLeft(): Promise<readonly string[]> {
    const store = await openStore('sqlite', home, silent)
    const engine = await createVolumeEngine({ home, drivers: [local()], store })
    try {
      return (await engine.volumes.list()).volumes.map(({ name }) => name)
    } finally {
      await engine.close()
      await store.close()
    }
  }

  async function change(key: string, value: object | undefined): Promise<void> {
    const store = await openStore('sqlite', home, silent)
    const found = await store.get(key)
    if (value === undefined) await store.delete(key, found?.revision ?? '')
    else if (found === undefined) await store.create(key, value as never)
    else await store.compareAndSet(key, value as never, found.revision)
    await store.close()
  }

  it('--check says of a whole store what it has, and changes nothing', async () => {
    await withVolumes(3)
    const before = readFileSync(path())
    const { isWell, text } = await run('--check')
    expect(text).toMatch(/nothing is wrong \(\d+ entries, 3 volumes, 0 containers\)/)
    expect(isWell).toBe(true)
    expect(readFileSync(path())).toEqual(before)
  })

  it('--check says which records are none, and which do not fit each other', async () => {
    await withVolumes(1)
    await change('volume/odd', { record: 'volume', version: 1, data: { name: 'odd' } })
    const odd = await run('--check')
    expect([odd.isWell, odd.text]).toEqual([false, expect.stringMatching(/volume\/odd is not a volume record/)])
    await change('volume/odd', undefined)
    const container = { schema: 1, id: 'c1', name: 'c1', config: {}, state: {}, args: [], binds: [], tmpfs: [] }
    await change('container/c1', { ...container, volumes: [{ volume: 'v0', referenceId: 'container-1' }] })
    await change('container/c2', { ...container, id: 'c2', volumes: [{ volume: 'gone', referenceId: 'container-2' }] })
    const { isWell, text } = await run('--check')
    expect(isWell).toBe(false)
    expect(text).toMatch(/container c1 uses volume v0, which does not know of it/)
    expect(text).toMatch(/container c2 uses volume gone, which is not there/)
    expect(text).toMatch(/c1 and c2 are both called c1/)
  })

  it('--repair saves the volumes of a damaged store, and an engine finds them', async () => {
    await withVolumes(300)
    const pages = readFileSync(path())
    pages.fill(0xa5, 4096 * 9, 4096 * 11)
    writeFileSync(path(), pages)
    await expect(openStore('sqlite', home, silent)).rejects.toThrow(/pouchd --restore.*pouchd --repair/)
    const check = await run('--check')
    expect([check.isWell, check.text]).toEqual([false, expect.stringMatching(/damaged .*pouchd --repair saves/s)])
    const { isWell, text } = await run('--repair')
    expect(isWell).toBe(false)
    const lost = [...text.matchAll(/^ {2}volume\/(v\d+)$/gm)].map(([, name]) => name)
    expect(lost.length).toBeGreaterThan(0)
    const left = await volumesLeft()
    expect([...left, ...lost].sort()).toEqual(Array.from({ length: 300 }, (_, index) => `v${index}`).sort())
    expect(readdirSync(home).filter((name) => name.startsWith('pouch.db.replaced-'))).toHaveLength(1)
    expect(await run('--repair')).toMatchObject({ isWell: true, text: expect.stringMatching(/nothing was done/) })
  })

  it('--backup copies the store of a daemon that does not run; --restore puts it back over a damaged one', async () => {
    await withVolumes(5)
    const copy = join(home, 'copy.db')
    expect((await run('--backup', copy)).text).toMatch(/copy\.db: \d+ entries$/)
    await expect(run('--backup', copy)).rejects.toThrow(/exists already/)
    truncateSync(path(), 1000)
    const { text } = await run('--restore', copy)
    expect(text).toMatch(/restored from .*copy\.db\nwhat was there before is at .*pouch\.db\.replaced-/)
    expect(await volumesLeft()).toEqual(['v0', 'v1', 'v2', 'v3', 'v4'])
  })

  it('--backup of a daemon that runs is made by that daemon', async () => {
    const store = await openStore('sqlite', home, silent)
    const server = await openVolumeServer({ backup: { store, home, log: silent } })
    try {
      await store.create('a', 1)
      await store.create('lazy', 1, { lazy: true })
      const copy = join(home, 'copy.db')
      const { isWell, text } = await run('--backup', copy, '--listen', server.socket)
      expect([isWell, text]).toEqual([true, expect.stringMatching(/copy\.db: 2 entries/)])
      expect(readdirSync(home).sort()).toEqual(['copy.db', 'pouch.db', 'pouch.db-wal', 'pouch.db.lock'])
      for (const task of ['--check', '--repair']) {
        await expect(run(task)).rejects.toSatisfy((error) => hasCode(error, 'in-use'))
      }
    } finally {
      await server.close()
      await store.close()
    }
  })

  it('--backup says how to reach a daemon that it cannot reach, or that keeps nothing', async () => {
    const store = await openStore('sqlite', home, silent)
    const server = await openVolumeServer()
    const copy = join(home, 'copy.db')
    try {
      await expect(run('--backup', copy, '--listen', join(home, 'none.sock'))).rejects.toThrow(
        /is open in process.*ENOENT/,
      )
      await expect(run('--backup', copy, '--listen', 'tcp://127.0.0.1:1')).rejects.toThrow(/--listen has to name/)
      await expect(run('--backup', copy, '--listen', server.socket)).rejects.toThrow(/in memory/)
      expect(readdirSync(home)).not.toContain('copy.db')
    } finally {
      await server.close()
      await store.close()
    }
  })

  it('without a store there is nothing to do, and none is made', async () => {
    for (const args of [
      ['--check'],
      ['--repair'],
      ['--backup', join(home, 'copy.db')],
      ['--restore', join(home, 'x')],
    ]) {
      await expect(run(...args)).rejects.toSatisfy((error) => hasCode(error, 'not-found'))
    }
    await expect(run('--check', '--store', 'memory')).rejects.toThrow(/keeps nothing/)
    expect(readdirSync(home)).toEqual([])
  })

  it('what a crash has left of a copy for a client goes with the next start', async () => {
    writeFileSync(join(home, 'pouch.db.sending-1.partial'), 'x')
    const store = await openStore('sqlite', home, silent)
    await store.close()
    expect(readdirSync(home)).toEqual(['pouch.db'])
  })

  it.each([
    [['--check', '--repair'], /--check and --repair cannot be done at once/],
    [['--backup', ''], /--backup is empty/],
    [['--restore'], /restore/],
  ])('the command line %j is refused', (args, message) => {
    expect(() => parseInvocation(args)).toThrow(message)
  })
})

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createImage, findLoop, freeze, mountImage, thaw, unmountImage, whileFrozen } from '../../src/index.js'

const mebibyte = 2 ** 20
const [, , role, frozenPath] = process.argv

// This file runs itself as the process that dies while it holds a filesystem frozen.
if (role === 'hold' && frozenPath !== undefined) {
  await whileFrozen(
    frozenPath,
    async () => {
      process.stdout.write('frozen')
      await delay(120_000)
    },
    { limitMs: 110_000 },
  )
} else {
  assert.ok(
    process.env.POUCH_VM_DISKS,
    'this test freezes filesystems, and runs in the VM alone: node scripts/vm.mjs test',
  )
  describe('a filesystem', frozenTests)
}

function frozenTests(): void {
  let place: string
  let target: string

  before(async () => {
    place = await mkdtemp('/tmp/frozen-')
    target = await mkdtemp('/tmp/target-')
    await createImage(join(place, 'image'), { sizeBytes: 16 * mebibyte })
    await mountImage(join(place, 'image'), target)
  })

  after(async () => {
    await thaw(target)
    await unmountImage(target)
    assert.equal(await findLoop(join(place, 'image')), undefined)
    for (const path of [place, target]) await rm(path, { recursive: true })
  })

  /** Whether a write is done in a moment. The write goes on when the filesystem is thawed. */
  async function isWritable(): Promise<boolean> {
    const writing = writeFile(join(target, 'probe'), 'x').then(() => true)
    return await Promise.race([writing, delay(500, false)])
  }

  it('holds its writers until it is thawed, which may be repeated', async () => {
    await freeze(target)
    await assert.rejects(freeze(target), { code: 'in-use', subject: target })
    assert.equal(await isWritable(), false)
    await thaw(target)
    await thaw(target)
    assert.equal(await isWritable(), true)
  })

  it('is frozen for as long as the work takes, and no longer when that fails', async () => {
    assert.equal(await whileFrozen(target, isWritable), false)
    assert.equal(await isWritable(), true)
    const failing = whileFrozen(target, async () => {
      throw new Error('no space for a copy')
    })
    await assert.rejects(failing, { message: 'no space for a copy' })
    assert.equal(await isWritable(), true)
  })

  it('is thawed at the limit, and the work is told', async () => {
    const late = whileFrozen(target, async (signal) => await once(signal, 'abort'), { limitMs: 300 })
    await assert.rejects(late, { code: 'timeout', op: 'quota.whileFrozen', subject: target })
    assert.equal(await isWritable(), true)
  })

  it('is thawed by a process whose threads all wait for it', async () => {
    const names = Array.from({ length: 8 }, (_, index) => join(target, `blocked-${index}`))
    const writes = await whileFrozen(
      target,
      async () => {
        const writing = names.map((name) => writeFile(name, 'x'))
        await delay(200)
        return Promise.allSettled(writing).then((results) => results.every(({ status }) => status === 'fulfilled'))
      },
      { limitMs: 300 },
    ).catch((error: unknown) => error)
    assert.equal(writes instanceof Error && 'code' in writes && writes.code, 'timeout')
    assert.equal(await isWritable(), true)
  })

  it('is thawed when the process that froze it is killed', async () => {
    const holder: ChildProcess = spawn(process.execPath, [import.meta.filename, 'hold', target], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    assert.ok(holder.stdout)
    await once(holder.stdout, 'data')
    assert.equal(await isWritable(), false)
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    for (let tries = 0; tries < 20 && !(await isWritable()); tries += 1) await delay(100)
    assert.equal(await isWritable(), true)
  })
}

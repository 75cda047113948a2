import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isPouchError } from '@pouch/errors'
import { afterEach, describe, expect, it } from 'vitest'
import { copyTree, measureTree, packTree, unpackTree } from '../src/index.js'
import { archive, bytesOf, inChunks, member } from './support/archives.js'
import { useFolders } from './support/folders.js'

const folder = useFolders(existsSync('/dev/shm') ? '/dev/shm' : undefined)
const forMs = 1500

/** Exchanges `dir` for a link to outside and back, as fast as it can, until it is killed. */
const exchanging = `
const { renameSync, symlinkSync, rmSync } = require('node:fs')
process.chdir(process.argv[1])
process.stdout.write('ready')
// Whoever writes there may make the name anew in between, or fill what is taken away; then it is tried again.
const insist = (action) => {
  for (;;) {
    try {
      return action()
    } catch {
      take()
    }
  }
}
const take = () => {
  for (;;) {
    try {
      return rmSync('dir', { recursive: true, force: true })
    } catch {}
  }
}
for (;;) {
  renameSync('dir', 'hidden')
  insist(() => symlinkSync('../outside', 'dir'))
  for (const until = process.hrtime.bigint() + 20000n; process.hrtime.bigint() < until; );
  take()
  insist(() => renameSync('hidden', 'dir'))
}`

let child: ChildProcess | undefined
afterEach(async () => {
  if (child === undefined || child.exitCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
})

async function exchanged(): Promise<{ root: string; outside: string }> {
  const root = folder()
  const outside = join(dirname(root), 'outside')
  mkdirSync(join(root, 'dir'))
  mkdirSync(outside)
  for (let index = 0; index < 5; index += 1) {
    writeFileSync(join(root, `dir/file-${index}`), 'inside')
    writeFileSync(join(outside, `file-${index}`), 'SECRET'.repeat(10_000))
  }
  child = spawn(process.execPath, ['-e', exchanging, root], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (child.stdout !== null) await once(child.stdout, 'data')
  return { root, outside }
}

/** Does something again and again while names are exchanged. A refusal is as good as a success. */
async function again(action: () => Promise<void>): Promise<{ done: number; refused: number }> {
  const count = { done: 0, refused: 0 }
  for (const until = Date.now() + forMs; Date.now() < until; ) {
    try {
      await action()
      count.done += 1
    } catch (error) {
      if (!isPouchError(error)) throw error
      count.refused += 1
    }
  }
  return count
}

describe('a tree whose directories are exchanged for links out while it is worked on', () => {
  it('is packed and measured without what is outside', async () => {
    const { root } = await exchanged()
    const { done } = await again(async () => {
      expect((await bytesOf(packTree(root))).includes('SECRET')).toBe(false)
      expect((await measureTree(root)).apparentBytes).toBeLessThan(1000)
    })
    expect(done).toBeGreaterThan(5)
  })

  it('is copied without what is outside', async () => {
    const { root } = await exchanged()
    const { done } = await again(async () => {
      const to = folder()
      await copyTree(root, to)
      expect((await measureTree(to)).apparentBytes).toBeLessThan(1000)
    })
    expect(done).toBeGreaterThan(5)
  })

  it('is written into without what is outside', async () => {
    const { root, outside } = await exchanged()
    const before = readdirSync(outside)
    const data = archive(...Array.from({ length: 20 }, (_, index) => member({ name: `dir/new-${index}`, data: 'x' })))
    await again(async () => {
      await unpackTree(root, inChunks(data), { ownership: 'caller' })
    })
    expect(readdirSync(outside)).toEqual(before)
    expect(child?.exitCode).toBe(null)
  })
})

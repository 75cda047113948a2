import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import type { DriverDefinition } from '../../src/driver.js'
import { memoryDriver, testVolumeDriver } from '../../src/testing.js'
import { bound } from '../support/sabotage.js'

let undo: (() => unknown)[] = []

afterEach(() => {
  for (const step of undo.reverse()) step()
  undo = []
})

/** Runs the check of removal on a driver whose create leaves something on the host. */
async function messageOf(leave: (home: string) => void, leftovers?: () => Promise<readonly string[]>): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'pouch-leftovers-'))
  undo.push(() => rmSync(home, { recursive: true, force: true }))
  const good = memoryDriver()
  const definition: DriverDefinition = {
    ...good,
    open: async (host) => {
      const driver = await good.open(host)
      let isFirst = true
      return {
        ...bound(driver),
        create: async (volume, call) => {
          if (isFirst) leave(home)
          isFirst = false
          return await driver.create(volume, call)
        },
      }
    },
  }
  let message = ''
  const tests: { title: string; body: () => Promise<void> }[] = []
  testVolumeDriver({
    runner: { describe: (_, body) => body(), it: (title, body) => tests.push({ title, body }) },
    expects: [],
    open: async () => ({ definition, home, dispose: async () => undefined, ...(leftovers ? { leftovers } : {}) }),
  })
  const test = tests.find(({ title }) => title.startsWith('removes a volume with its data'))
  await test?.body().catch((error: unknown) => {
    message = String(error)
  })
  return message
}

it('a mount that a driver leaves is found', async () => {
  const message = await messageOf((home) => {
    mkdirSync(join(home, 'kept'))
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(home, 'kept')])
    undo.push(() => execFileSync('umount', [join(home, 'kept')]))
  })
  expect(message).toMatch(/a mount at .*\/kept/)
})

it('a loop device that a driver leaves is found, also when its file is gone', async () => {
  let device = ''
  const message = await messageOf((home) => {
    const image = join(home, 'image')
    writeFileSync(image, '')
    truncateSync(image, 1 << 20)
    device = execFileSync('losetup', ['-f', '--show', image], { encoding: 'utf8' }).trim()
    undo.push(() => execFileSync('losetup', ['-d', device]))
    rmSync(image)
  })
  expect(readFileSync(`/sys/block/${device.slice(5)}/loop/backing_file`, 'utf8')).toContain('(deleted)')
  expect(message).toMatch(new RegExp(`the loop device ${device.slice(5)} over .*/image`))
})

it('what the subject itself tells of is left is told', async () => {
  const message = await messageOf(
    () => undefined,
    async () => ['the project id 16777216'],
  )
  expect(message).toContain('the project id 16777216')
})

it('nothing is found where nothing is left', async () => {
  expect(await messageOf(() => undefined)).toBe('')
})

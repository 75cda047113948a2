import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isMountedElsewhere } from '../../src/host-mounts.js'

let folder: string
let volume: string
const containers: ChildProcess[] = []
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'pouch-plugin-')))
  volume = join(folder, 'volume')
  await mkdir(join(volume, 'part'), { recursive: true })
})
afterEach(async () => {
  for (const container of containers.splice(0)) await end(container)
  await rm(folder, { recursive: true })
})

/** A process with mounts of its own, made by a script that has `$1` and `$2`. */
async function start(script: string, source: string, target: string): Promise<number> {
  await mkdir(target, { recursive: true })
  const words = ['--mount', '--propagation', 'private', 'sh', '-c', `${script} && echo ready && exec cat`, 'sh']
  const container = spawn('unshare', [...words, source, target], { stdio: ['pipe', 'pipe', 'inherit'] })
  containers.push(container)
  expect(String((await once(container.stdout, 'data'))[0])).toBe('ready\n')
  return container.pid ?? -1
}

async function end(container: ChildProcess): Promise<void> {
  const ended = once(container, 'exit')
  container.stdin?.end()
  await ended
}

const bind = 'mount --bind "$1" "$2"'

it('finds a volume that a process has mounted, and only while it has', async () => {
  const pid = await start(bind, volume, join(folder, 'rootfs/data'))
  expect(await isMountedElsewhere(volume, [process.pid, pid])).toBe(true)
  expect(await isMountedElsewhere(join(folder, 'rootfs'), [process.pid, pid])).toBe(false)
  for (const container of containers.splice(0)) await end(container)
  expect(await isMountedElsewhere(volume, [process.pid, pid])).toBe(false)
})

it('finds a part of a volume, and takes a directory above it for nothing', async () => {
  const part = await start(bind, join(volume, 'part'), join(folder, 'rootfs/data'))
  const above = await start(bind, folder, join(folder, 'rootfs/host'))
  expect(await isMountedElsewhere(volume, [part])).toBe(true)
  expect(await isMountedElsewhere(volume, [above])).toBe(false)
  expect(await isMountedElsewhere(`${volume}-other`, [part])).toBe(false)
})

it('takes the own mount of a volume for nothing, also as others see it', async () => {
  const same = await start('mount --bind "$1" "$1"', volume, join(folder, 'rootfs'))
  expect(await isMountedElsewhere(volume, [process.pid, same])).toBe(false)
})

import { writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { mount, unmount } from '@pouch/mount'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestHost } from '../support/test-host.js'

let host: TestHost
let containers: string

beforeAll(async () => {
  host = await TestHost.start()
  await host.manager.close()
  // A small disk of their own for containers' files.
  containers = host.directory('containers')
  await mount({ source: 'tmpfs', target: containers, type: 'tmpfs', options: ['size=8m'] })
  host.manager = host.newManager()
  await host.manager.open()
})
afterAll(async () => {
  for (const { id } of host.manager.list({ all: true })) await host.manager.remove(id, { force: true })
  await host.manager.close()
  await unmount(containers)
  host.manager = host.newManager()
  await host.manager.open()
  await host.end()
})

describe('a full disk', () => {
  it('holds the log up and nothing else: once there is room it goes on, and says nothing twice', async () => {
    const source = host.directory('sign')
    const script =
      'for i in $(seq 40); do echo "line $i"; sleep 0.05; done; until [ -e /sign/end ]; do sleep 0.05; done'
    const { id } = await host.manager.create({
      image: 'busybox',
      command: ['sh', '-c', script],
      mounts: [{ type: 'bind', source, target: '/sign' }],
    })
    await host.manager.start(id)
    await delay(500)
    const ballast = join(containers, 'ballast')
    expect(() => writeFileSync(ballast, Buffer.alloc(16 * 1024 * 1024))).toThrow(/ENOSPC/)
    await delay(300)
    expect(host.manager.get(id).state.status).toBe('running')
    await rm(ballast)
    writeFileSync(join(source, 'end'), '')
    expect(await host.manager.wait(id)).toEqual({ exitCode: 0 })
    const lines = (await host.text(id, { stdout: true })).split('\n')
    expect(lines.slice(0, 3)).toEqual(['line 1', 'line 2', 'line 3'])
    expect(new Set(lines).size).toBe(lines.length)
    await host.manager.remove(id)
  })

  it('fails a start clearly, and a container can still be removed', async () => {
    const { id } = await host.manager.create({ image: 'busybox', command: ['true'] })
    const ballast = join(containers, 'ballast')
    expect(() => writeFileSync(ballast, Buffer.alloc(16 * 1024 * 1024))).toThrow(/ENOSPC/)
    await expect(host.manager.create({ image: 'busybox', command: ['true'] })).rejects.toMatchObject({
      code: 'exhausted',
    })
    await host.manager.remove(id)
    await rm(ballast)
    expect(host.manager.list({ all: true })).toEqual([])
  })
})

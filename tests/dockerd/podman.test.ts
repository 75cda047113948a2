import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PodmanHost } from './podman-host.js'

let host: PodmanHost
beforeAll(async () => {
  host = await PodmanHost.start('pouch-tmpfs')
  await host.startPlugin('tmpfs')
})
afterAll(() => host?.remove())

const sleeper = ['busybox', 'sh', '-c', 'trap exit TERM; while :; do usleep 50000; done']

it('serves podman, which has one mount for all containers of a volume', async () => {
  const mountPoint = join(host.folder, 'plugin-tmpfs/tmpfs/data')
  expect(await host.podman('volume', 'create', '--driver', 'pouch-tmpfs', '--opt', 'size=1m', 'data')).toBe('data')
  const [inspected] = JSON.parse(await host.podman('volume', 'inspect', 'data')) as Record<string, unknown>[]
  expect(inspected).toMatchObject({ Driver: 'pouch-tmpfs', Status: { sizeBytes: 1024 * 1024 } })
  const one = await host.runPodman('--volume', 'data:/data', ...sleeper)
  await host.podman('exec', one, 'sh', '-c', 'echo hello > /data/file')
  const two = await host.runPodman('--volume', 'data:/data', ...sleeper)
  expect(await host.podman('exec', two, 'cat', '/data/file')).toBe('hello')
  const asked = host.mountsAsked('tmpfs')
  expect(asked).toEqual([['Mount', expect.stringMatching(/^[0-9a-f]{64}$/)]])
  expect(host.host.mounts).toContain(mountPoint)
  await expect(host.podman('volume', 'rm', 'data')).rejects.toThrow('being used')
  await host.podman('rm', '--force', one)
  expect(host.host.mounts).toContain(mountPoint)
  await host.podman('rm', '--force', two)
  expect(host.mountsAsked('tmpfs')).toEqual([['Unmount', asked[0]?.[1]]])
  expect(host.host.mounts).not.toContain(mountPoint)
  await host.podman('volume', 'rm', 'data')
})

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DockerHost } from './docker-host.js'

let host: DockerHost
beforeAll(async () => {
  host = await DockerHost.start()
  await host.startPlugin('local')
  await host.startPlugin('tmpfs')
})
afterAll(async () => {
  await host?.remove()
  if (host === undefined) return
  expect(existsSync(host.folder)).toBe(false)
  expect(processesOf(host.folder)).toEqual([])
})

/** A container that ends at once when it is told to. */
const sleeper = (script = 'true') => [
  'busybox',
  'sh',
  '-c',
  `trap exit TERM; ${script}; while :; do usleep 50000; done`,
]
const run = async (...words: string[]) => (await host.docker.output('run', '--net=none', ...words)).trim()
const docker = async (...words: string[]) => (await host.docker.output(...words)).trim()
const failure = async (...words: string[]) => {
  const { code, stderr } = await host.docker.run(words)
  return [code, stderr.trim()]
}
const localData = (name: string) => join(host.folder, 'plugin-local/volume', name, '_data')
const tmpfsData = (name: string) => join(host.folder, 'plugin-tmpfs/tmpfs', name)

describe('a driver of ours as a volume plugin of the real dockerd', () => {
  it('creates, lists, inspects and removes volumes', async () => {
    expect(await docker('volume', 'create', '-d', 'pouch-local', '--label', 'tier=db', 'first')).toBe('first')
    expect(await docker('volume', 'create', '-d', 'pouch-tmpfs', '-o', 'size=1m', 'second')).toBe('second')
    const listed = (await docker('volume', 'ls', '--format', '{{.Driver}} {{.Name}}')).split('\n').sort()
    expect(listed).toEqual(['pouch-local first', 'pouch-tmpfs second'])
    const [first, second] = JSON.parse(await docker('volume', 'inspect', 'first', 'second')) as Record<
      string,
      unknown
    >[]
    expect(first).toMatchObject({
      Driver: 'pouch-local',
      Labels: { tier: 'db' },
      Mountpoint: localData('first'),
      Scope: 'local',
      Status: { references: 0 },
    })
    expect(Math.abs(Date.parse(String(first?.CreatedAt)) - Date.now())).toBeLessThan(60_000)
    expect(second).toMatchObject({ Mountpoint: '', Options: { size: '1m' }, Status: { sizeBytes: 1024 * 1024 } })
    expect(existsSync(localData('first'))).toBe(true)
    expect(await docker('volume', 'rm', 'first', 'second')).toBe('first\nsecond')
    expect(existsSync(localData('first'))).toBe(false)
  })

  it('tells in docker’s own output what is wrong with an option', async () => {
    const [code, text] = await failure('volume', 'create', '-d', 'pouch-tmpfs', '-o', 'nosuch=1', 'bad')
    expect([code, text]).toEqual([
      1,
      expect.stringContaining('VolumeDriver.Create: create bad: invalid option: "nosuch"'),
    ])
    expect(await docker('volume', 'ls', '-q')).toBe('')
  })

  it('has its volumes filled and read by docker cp, in a container that never ran', async () => {
    const id = await docker('create', '--net=none', '-v', 'copied:/data', '--volume-driver', 'pouch-local', 'busybox')
    const file = join(host.folder, 'file')
    writeFileSync(file, 'through docker cp')
    await docker('cp', file, `${id}:/data/in`)
    expect(readFileSync(join(localData('copied'), 'in'), 'utf8')).toBe('through docker cp')
    await docker('cp', `${id}:/data/in`, `${file}.out`)
    expect(readFileSync(`${file}.out`, 'utf8')).toBe('through docker cp')
    expect(await failure('volume', 'rm', 'copied')).toEqual([
      1,
      `Error response from daemon: remove copied: volume is in use - [${id}]`,
    ])
    await docker('rm', id)
    await docker('volume', 'rm', 'copied')
  })

  it('keeps what one container wrote for the next, and takes what the image has at first', async () => {
    await docker('volume', 'create', '-d', 'pouch-local', 'kept')
    await run('--rm', '-v', 'kept:/etc', 'busybox', 'sh', '-c', 'echo hello > /etc/file')
    expect(await run('--rm', '-v', 'kept:/data:ro', 'busybox', 'cat', '/data/file')).toBe('hello')
    expect(readdirSync(localData('kept'))).toEqual(expect.arrayContaining(['file', 'passwd', 'group']))
    expect(await run('--rm', '-v', 'kept:/data:ro', 'busybox', 'sh', '-c', 'touch /data/x 2>&1 || true')).toContain(
      'Read-only file system',
    )
    await docker('volume', 'rm', 'kept')
  })
})

describe('a size', () => {
  it('holds in the container, and is seen there and in docker volume inspect', async () => {
    await docker('volume', 'create', '-d', 'pouch-local', '-o', 'size=20m', '-o', 'quota=loop', 'sized')
    const written = await run(
      '--rm',
      '-v',
      'sized:/data',
      'busybox',
      'sh',
      '-c',
      'yes > /data/full 2>&1; df -m /data | tail -1',
    )
    const [, total = 0, used = 0] = written.split('\n').at(-1)?.split(/ +/).map(Number) ?? []
    expect([total > 15 && total <= 20, used > 15]).toEqual([true, true])
    const [inspected] = JSON.parse(await docker('volume', 'inspect', 'sized')) as Record<string, unknown>[]
    expect(inspected).toMatchObject({
      Status: { sizeBytes: 20 * 1024 * 1024, quota: expect.stringContaining('image') },
    })
    await docker('volume', 'rm', 'sized')
    expect(await host.host.output('losetup', '--all')).not.toContain(host.folder)
  })
})

describe('mounts', () => {
  it('are paired by ID, and docker cp on a running container takes none away', async () => {
    await docker('volume', 'create', '-d', 'pouch-tmpfs', 'mem')
    host.requests('tmpfs')
    const id = await run('-d', '-v', 'mem:/data', ...sleeper('echo hello > /data/file'))
    const [mount] = host.mountsAsked('tmpfs')
    expect(mount).toEqual(['Mount', expect.stringMatching(/^[0-9a-f]{64}$/)])
    await docker('cp', `${id}:/data/file`, join(host.folder, 'copied'))
    expect(host.mountsAsked('tmpfs')).toEqual([mount, ['Unmount', mount?.[1]]])
    expect(host.host.mounts).toContain(tmpfsData('mem'))
    expect(await run('--rm', '-v', 'mem:/data', 'busybox', 'cat', '/data/file')).toBe('hello')
    await docker('rm', '-f', id)
    expect(host.host.mounts).not.toContain(tmpfsData('mem'))
    await docker('volume', 'rm', 'mem')
  })

  it('outlive the plugin, ended in order or killed, while a container runs', async () => {
    await docker('volume', 'create', '-d', 'pouch-tmpfs', 'mem')
    const id = await run('-d', '-v', 'mem:/data', ...sleeper('echo hello > /data/file'))
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      expect(await host.endPlugin('tmpfs', signal)).toBe(signal === 'SIGTERM' ? 0 : null)
      expect(await docker('exec', id, 'cat', '/data/file')).toBe('hello')
      await host.startPlugin('tmpfs')
      expect(await run('--rm', '-v', 'mem:/data', 'busybox', 'cat', '/data/file')).toBe('hello')
    }
    await docker('rm', '-f', id)
    expect(host.host.mounts).not.toContain(tmpfsData('mem'))
    await docker('volume', 'rm', 'mem')
  })

  it('are undone by a dockerd that stops, and those that a killed one forgot are given up when it asks for the removal', async () => {
    await docker('volume', 'create', '-d', 'pouch-tmpfs', 'mem')
    const id = await run('-d', '-v', 'mem:/data', ...sleeper('date > /data/$(date +%s%N)'))
    await host.endDaemon('SIGTERM')
    expect(host.host.mounts).not.toContain(tmpfsData('mem'))
    await host.startDaemon()
    await docker('start', id)
    expect(host.host.mounts).toContain(tmpfsData('mem'))
    await host.endDaemon('SIGKILL')
    await host.startDaemon()
    await docker('start', id)
    await docker('exec', id, 'true')
    await docker('rm', '-f', id)
    // Docker paired the new mount alone.
    expect(host.host.mounts).toContain(tmpfsData('mem'))
    await docker('volume', 'rm', 'mem')
    expect(host.host.mounts).not.toContain(tmpfsData('mem'))
  })
})

describe('a plugin that is away', () => {
  it('is waited for by docker, and its volumes and their labels are there when it is back', async () => {
    await docker('volume', 'create', '-d', 'pouch-local', '--label', 'tier=db', 'waiting')
    await host.endPlugin('local', 'SIGKILL')
    const inspected = docker('volume', 'inspect', 'waiting')
    await host.daemonSays('Unable to connect to plugin')
    await host.startPlugin('local')
    expect(JSON.parse(await inspected)).toMatchObject([{ Name: 'waiting', Labels: { tier: 'db' } }])
    await docker('volume', 'rm', 'waiting')
  })

  it('is found by its .spec file, on a socket of its own', async () => {
    await host.endPlugin('local', 'SIGTERM')
    const socket = join(host.folder, 'elsewhere.sock')
    await host.startPlugin('local', '--name', 'by-spec', '--socket', socket, '--spec')
    expect(await docker('volume', 'create', '-d', 'by-spec', 'data')).toBe('data')
    expect(await docker('volume', 'rm', 'data')).toBe('data')
    expect(await host.endPlugin('local', 'SIGTERM')).toBe(0)
    expect(await host.host.output('find', '/etc/docker/plugins', '-type', 'f')).toBe('')
    expect(existsSync('/etc/docker/plugins/by-spec.spec')).toBe(false)
    expect(existsSync(socket)).toBe(false)
    await host.startPlugin('local')
  })
})

function processesOf(folder: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  return pids.filter((pid) => commandLine(pid).includes(folder))
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

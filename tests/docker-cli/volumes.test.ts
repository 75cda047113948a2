import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'
import { DockerCli, dockerPrograms } from './docker-cli.js'

let daemon: RunningPouchd
beforeAll(async () => {
  daemon = await RunningPouchd.start()
  await daemon.loadBusybox()
})
afterAll(() => daemon?.remove())

describe.each(dockerPrograms())('docker $version', (program) => {
  let docker: DockerCli
  beforeAll(() => {
    docker = new DockerCli(program, daemon.address)
  })

  it('creates, lists, inspects and removes a volume', async () => {
    expect(await docker.output('volume', 'create', '--label', 'tier=db', 'first')).toBe('first\n')
    expect(await docker.output('volume', 'create', '--driver', 'tmpfs', '--opt', 'size=1m', 'second')).toBe('second\n')
    expect(await docker.output('volume', 'ls')).toBe('DRIVER    VOLUME NAME\nlocal     first\ntmpfs     second\n')
    expect(await docker.output('volume', 'ls', '-q', '-f', 'label=tier=db')).toBe('first\n')
    expect(
      await docker.output('volume', 'ls', '-q', '-f', 'driver=tmpfs', '-f', 'name=sec', '-f', 'dangling=true'),
    ).toBe('second\n')
    const [first] = JSON.parse(await docker.output('volume', 'inspect', 'first')) as Record<string, unknown>[]
    expect(first).toMatchObject({
      Name: 'first',
      Driver: 'local',
      Scope: 'local',
      Labels: { tier: 'db' },
      Options: null,
    })
    expect(await docker.output('volume', 'rm', 'first', 'second')).toBe('first\nsecond\n')
  })

  it('keeps what one container wrote for the next, and refuses to remove a volume that is used', async () => {
    const id = (
      await docker.output('run', '-d', '-v', 'shared:/data', 'busybox', 'sh', '-c', 'echo hello > /data/file; sleep 60')
    ).trim()
    const inUse = await docker.run(['volume', 'rm', 'shared'])
    expect([inUse.code, inUse.stderr]).toEqual([
      1,
      `Error response from daemon: remove shared: volume is in use - [${id}]\n`,
    ])
    expect(await docker.output('rm', '-f', id)).toBe(`${id}\n`)
    expect(await docker.output('run', '--rm', '-v', 'shared:/data:ro', 'busybox', 'cat', '/data/file')).toBe('hello\n')
    expect(await docker.output('volume', 'rm', 'shared')).toBe('shared\n')
  })

  it('mounts volumes, directories of the host and tmpfs by --mount', async () => {
    const mounts = [
      'type=volume,src=mounted,dst=/v',
      'type=tmpfs,dst=/t,tmpfs-size=1m',
      `type=bind,src=${daemon.folder},dst=/b,readonly`,
    ]
    const script = 'touch /v/x /t/x && ! touch /b/x 2>/dev/null && df /t | tail -1'
    const words = mounts.flatMap((mount) => ['--mount', mount])
    expect(await docker.output('run', '--rm', ...words, 'busybox', 'sh', '-c', script)).toMatch(/^tmpfs +1024 /)
    expect(await docker.output('volume', 'rm', 'mounted')).toBe('mounted\n')
  })

  it('tells what is wrong in Docker’s words', async () => {
    const failure = async (...words: string[]) => {
      const { code, stderr } = await docker.run(words)
      return [code, stderr.trim()]
    }
    const missing = await failure('volume', 'inspect', 'nosuch')
    expect(missing).toEqual([1, expect.stringMatching(/no such volume/i)])
    expect(await failure('volume', 'rm', '-f', 'nosuch')).toEqual([0, ''])
    expect(await failure('volume', 'create', '--driver', 'nope', 'x1')).toEqual([
      1,
      expect.stringContaining('plugin "nope" not found'),
    ])
    expect(await failure('volume', 'create', '--opt', 'foo=bar', 'x1')).toEqual([1, expect.stringContaining('foo')])
    expect(await failure('volume', 'create', 'a b')).toEqual([
      1,
      expect.stringContaining('includes invalid characters for a local volume name'),
    ])
  })

  it('prunes', async () => {
    await docker.output('volume', 'create', 'kept')
    const anonymous = (await docker.output('volume', 'create')).trim()
    const pruned = await docker.output('volume', 'prune', '-f')
    // An old CLI's API removes named volumes too.
    const isOld = program.version.startsWith('20.10.')
    expect(pruned.split('\n')).toEqual(expect.arrayContaining(isOld ? [anonymous, 'kept'] : [anonymous]))
    expect((await docker.run(['volume', 'inspect', 'kept'])).code).toBe(isOld ? 1 : 0)
    await docker.output('volume', 'rm', '-f', 'kept')
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'
import { DockerCli, type DockerProgram, dockerPrograms } from './docker-cli.js'

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
    await docker.output('exec', id, 'sh', '-c', 'until [ -s /data/file ]; do sleep 0.05; done')
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

  it('shows in system df -v what volumes take up, and who uses them', async () => {
    await docker.output('volume', 'create', 'df-idle')
    await docker.output('volume', 'create', '--driver', 'tmpfs', 'df-away')
    const write = ['sh', '-c', 'dd if=/dev/zero of=/d/x bs=1000 count=5; sleep 60']
    const id = (await docker.output('run', '-d', '-v', 'df-used:/d', 'busybox', ...write)).trim()
    const rows = async () => {
      const text = await docker.output('system', 'df', '-v')
      const lines = text.slice(text.indexOf('VOLUME NAME'), text.indexOf('Build cache usage')).trim().split('\n')
      return lines.slice(1).map((line) => line.split(/\s+/).join(' '))
    }
    await expect.poll(rows, { timeout: 10_000 }).toContain('df-used 1 5kB')
    expect(await rows()).toEqual(expect.arrayContaining(['df-idle 0 0B']))
    await docker.output('rm', '-f', id)
    expect(await rows()).toContain('df-used 0 5kB')
    await docker.output('volume', 'rm', 'df-idle', 'df-away', 'df-used')
  })

  it('prunes, and tells how much that gave back', async () => {
    await docker.output(
      'run',
      '--rm',
      '-v',
      'reclaimed:/d',
      'busybox',
      'dd',
      'if=/dev/zero',
      'of=/d/x',
      'bs=1000',
      'count=7',
    )
    const words = ['volume', 'prune', '-f', ...(isOldCli(program) ? [] : ['-a'])]
    expect(await docker.output(...words)).toMatch(/^reclaimed\n(.*\n)*Total reclaimed space: 7kB\n/m)
  })

  it('prunes', async () => {
    await docker.output('volume', 'create', 'kept')
    const anonymous = (await docker.output('volume', 'create')).trim()
    const pruned = await docker.output('volume', 'prune', '-f')
    const isOld = isOldCli(program)
    expect(pruned.split('\n')).toEqual(expect.arrayContaining(isOld ? [anonymous, 'kept'] : [anonymous]))
    expect((await docker.run(['volume', 'inspect', 'kept'])).code).toBe(isOld ? 1 : 0)
    await docker.output('volume', 'rm', '-f', 'kept')
  })
})

/** An old CLI's API removes named volumes too, and has no word for it. */
function isOldCli({ version }: DockerProgram): boolean {
  return version.startsWith('20.10.')
}

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'
import { PouchCli } from './pouch-cli.js'

let daemon: RunningPouchd
let pouch: PouchCli

beforeAll(async () => {
  daemon = await RunningPouchd.start()
  await daemon.loadBusybox()
  pouch = new PouchCli(daemon.address)
})

afterAll(() => daemon?.remove())

const inspect = async (name: string) =>
  JSON.parse(await pouch.output('volume', 'inspect', name))[0] as Record<string, unknown>

describe("the command lines of the original's documentation", () => {
  it('pouch volume create --driver local --option mount=… --name mysql_data', async () => {
    const folder = join(daemon.folder, 'mysql_data')
    mkdirSync(folder)
    writeFileSync(join(folder, 'table'), 'rows')
    expect(
      await pouch.output(
        'volume',
        'create',
        '--driver',
        'local',
        '--option',
        `mount=${folder}`,
        '--name',
        'mysql_data',
      ),
    ).toBe('mysql_data\n')
    expect(await inspect('mysql_data')).toMatchObject({
      Name: 'mysql_data',
      Driver: 'local',
      Mountpoint: folder,
      Options: { mount: folder },
    })
    expect(
      await pouch.output(
        'run',
        '--rm',
        '--network',
        'none',
        '-v',
        'mysql_data:/var/lib/mysql',
        'busybox',
        'cat',
        '/var/lib/mysql/table',
      ),
    ).toBe('rows')
    expect(await pouch.output('volume', 'remove', 'mysql_data')).toBe('mysql_data\n')
    expect(readFileSync(join(folder, 'table'), 'utf8')).toBe('rows')
  })

  it('pouch volume create --driver local --option size=10G --name test_quota', async () => {
    const words = ['volume', 'create', '--driver', 'local', '--option', 'size=10G', '--name', 'test_quota']
    expect(await pouch.output(...words)).toBe('test_quota\n')
    const df = ['run', '--rm', '--network', 'none', '-v', 'test_quota:/q', 'busybox', 'df', '-k', '/q']
    const [, size = ''] = (await pouch.output(...df)).trim().split('\n').at(-1)?.split(/\s+/) ?? []
    expect(Math.abs(Number(size) / (10 * 1024 * 1024) - 1)).toBeLessThan(0.1)
    expect(await pouch.output('volume', 'ls', '--size', '--format', '{{.Name}} {{.Size}}', '-f', 'name=quota')).toBe(
      'test_quota 10GiB\n',
    )
    expect(await pouch.output('volume', 'rm', 'test_quota')).toBe('test_quota\n')
  })

  it('pouch volume create --driver tmpfs --name tmpfs_test', async () => {
    expect(await pouch.output('volume', 'create', '--driver', 'tmpfs', '--name', 'tmpfs_test')).toBe('tmpfs_test\n')
    expect(
      await pouch.output(
        'run',
        '--rm',
        '--network',
        'none',
        '-v',
        'tmpfs_test:/t',
        'busybox',
        'grep',
        ' /t ',
        '/proc/mounts',
      ),
    ).toMatch(/ \/t tmpfs rw,.*size=65536k/)
    expect(await pouch.output('volume', 'rm', 'tmpfs_test')).toBe('tmpfs_test\n')
  })
})

describe('volumes', () => {
  it('hold what one container writes for the next', async () => {
    await pouch.output('run', '--rm', '--network', 'none', '-v', 'shared:/a', 'busybox', 'sh', '-c', 'echo kept > /a/f')
    expect(
      await pouch.output(
        'run',
        '--rm',
        '--network',
        'none',
        '--mount',
        'src=shared,dst=/b,ro',
        'busybox',
        'cat',
        '/b/f',
      ),
    ).toBe('kept\n')
    const readOnly = await pouch.run([
      'run',
      '--rm',
      '--network',
      'none',
      '-v',
      'shared:/b:ro',
      'busybox',
      'touch',
      '/b/g',
    ])
    expect([readOnly.code, readOnly.stderr]).toEqual([1, expect.stringContaining('Read-only file system')])
  })

  it('are listed, filtered and shown', async () => {
    await pouch.output('volume', 'create', '-d', 'tmpfs', '-o', 'size=1m', '-l', 'tier=db', 'listed')
    expect(await pouch.output('volume', 'ls')).toMatch(/^DRIVER {4}VOLUME NAME\ntmpfs {5}listed\nlocal {5}shared\n$/)
    expect(await pouch.output('volume', 'ls', '-q', '-f', 'label=tier=db')).toBe('listed\n')
    expect(await pouch.output('volume', 'list', '-q', '--filter', 'driver=local')).toBe('shared\n')
    expect(
      await pouch.output('volume', 'ls', '--format', '{{.Driver}}/{{.Name}} {{.Label "tier"}}', '-f', 'name=listed'),
    ).toBe('tmpfs/listed db\n')
    expect(await pouch.output('volume', 'inspect', '-f', '{{.Options.size}} {{json .Labels}}', 'listed')).toBe(
      '1m {"tier":"db"}\n',
    )
    expect((await pouch.run(['volume', 'ls', '-f', 'bogus=1'])).stderr).toMatch(/^pouch: invalid filter 'bogus'/)
  })

  it('of a name that exists with other options or another driver are refused, naming them', async () => {
    const same = ['volume', 'create', '-d', 'tmpfs', '-o', 'size=1m', 'listed']
    expect(await pouch.output(...same)).toBe('listed\n')
    const options = await pouch.run(['volume', 'create', '-d', 'tmpfs', '-o', 'size=2m', 'listed'])
    expect([options.code, options.stderr]).toEqual([1, expect.stringMatching(/^pouch: .*size.*\n$/)])
    const driver = await pouch.run(['volume', 'create', '-d', 'local', 'listed'])
    expect([driver.code, driver.stderr]).toEqual([1, expect.stringMatching(/^pouch: .*tmpfs.*\n$/)])
    const unknown = await pouch.run(['volume', 'create', '-d', 'nope', 'other'])
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringMatching(/^pouch: .*nope.*local.*\n$/)])
  })

  it('in use are not removed, and say who uses them', async () => {
    const id = (await pouch.output('create', '--network', 'none', '-v', 'shared:/a', 'busybox')).trim()
    const outcome = await pouch.run(['volume', 'rm', '-f', 'shared'])
    expect([outcome.code, outcome.stderr]).toEqual([1, expect.stringContaining(id)])
    await pouch.output('rm', id)
    expect(await pouch.output('volume', 'rm', 'shared', 'listed')).toBe('shared\nlisted\n')
    expect((await pouch.run(['volume', 'rm', 'shared'])).code).toBe(1)
    expect((await pouch.run(['volume', 'rm', '-f', 'shared'])).code).toBe(0)
  })

  it('without a name are removed by prune, with one only when asked', async () => {
    await pouch.output('volume', 'create', 'named')
    const anonymous = (await pouch.output('volume', 'create')).trim()
    expect(anonymous).toMatch(/^[0-9a-f]{64}$/)
    const path = String((await inspect(anonymous)).Mountpoint)
    expect(await pouch.output('volume', 'prune', '-f')).toContain(`Deleted Volumes:\n${anonymous}\n`)
    expect(existsSync(path)).toBe(false)
    expect(await pouch.output('volume', 'ls', '-q')).toBe('named\n')
    await pouch.output('volume', 'prune', '-a', '-f')
    expect(await pouch.output('volume', 'ls', '-q')).toBe('')
  })
})

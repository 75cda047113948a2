import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ScriptedDaemon } from './scripted-daemon.js'

let daemon: ScriptedDaemon
beforeEach(async () => {
  daemon = await ScriptedDaemon.start()
})
afterEach(() => daemon.stop())

const pouch = (line: string, options?: Parameters<ScriptedDaemon['pouch']>[1]) => daemon.pouch(line.split(' '), options)

describe('volume create', () => {
  beforeEach(() => {
    daemon.replies = { 'POST /pouch/v1/volumes': [201, { name: 'made' }] }
  })

  // The command lines that the original's documentation prints, and the spellings of their options.
  it.each([
    [
      'volume create --driver local --option mount=/mnt/mysql_data --name mysql_data',
      { name: 'mysql_data', driver: 'local', options: { mount: '/mnt/mysql_data' } },
    ],
    [
      'volume create --driver local --option size=10G --name test_quota',
      { name: 'test_quota', driver: 'local', options: { size: '10G' } },
    ],
    ['volume create --driver tmpfs --name tmpfs_test', { name: 'tmpfs_test', driver: 'tmpfs', options: {} }],
    ['volume create', { driver: 'local', options: {} }],
    ['volume create data', { name: 'data', driver: 'local', options: {} }],
    [
      'volume create -n data -d tmpfs -o size=1m -o mode=700 --opt uid=1 -l a=b -l c',
      { name: 'data', driver: 'tmpfs', options: { size: '1m', mode: '700', uid: '1' }, labels: { a: 'b', c: '' } },
    ],
    ['volume create -o o=size=1m,uid=0 x1', { name: 'x1', driver: 'local', options: { o: 'size=1m,uid=0' } }],
    ['volume create -s zone=a x1', { name: 'x1', driver: 'local', options: { 'selector.zone': 'a' } }],
  ])('pouch %s', async (line, body) => {
    expect(await pouch(line)).toEqual({ code: 0, stdout: 'made\n', stderr: '' })
    expect(daemon.requests).toEqual([{ line: 'POST /pouch/v1/volumes', body: { labels: {}, ...body } }])
  })

  it.each([
    ['volume create -o size', 'the format must be key=value'],
    ['volume create --name a1 b1', 'give one of them'],
  ])('pouch %s is refused', async (line, why) => {
    const { code, stdout, stderr } = await pouch(line)
    expect([code, stdout, daemon.requests]).toEqual([1, '', []])
    expect(stderr).toMatch(/^pouch: [^\n]+\n$/)
    expect(stderr).toContain(why)
  })

  it('shows the conflict that the daemon reports', async () => {
    const message = "volume 'v' exists with other options: size is 1m, not 2m"
    daemon.replies = { 'POST /pouch/v1/volumes': [409, { message, code: 'conflict', details: { options: ['size'] } }] }
    expect(await pouch('volume create -o size=2m v1')).toEqual({ code: 1, stdout: '', stderr: `pouch: ${message}\n` })
  })

  it("asks Docker's route of a daemon that has no other", async () => {
    daemon.replies = {
      'POST /pouch/v1/volumes': [404, { message: 'page not found' }],
      'POST /volumes/create': [201, { Name: 'v1' }],
    }
    expect(await pouch('volume create -o device=/x -l a=b v1')).toMatchObject({ code: 0, stdout: 'v1\n' })
    expect(daemon.requests.at(-1)?.body).toEqual({
      Name: 'v1',
      Driver: 'local',
      DriverOpts: { device: '/x' },
      Labels: { a: 'b' },
    })
  })

  it('does not ask it when the daemon does not know the driver', async () => {
    daemon.replies = { 'POST /pouch/v1/volumes': [404, { message: 'no driver x', code: 'not-found' }] }
    expect(await pouch('volume create -d x v1')).toMatchObject({ code: 1, stderr: 'pouch: no driver x\n' })
    expect(daemon.requests).toHaveLength(1)
  })
})

describe('volumes', () => {
  const volume = (Name: string, Driver: string) => ({
    Name,
    Driver,
    Mountpoint: `/m/${Name}`,
    Scope: 'local',
    Labels: { a: 'b' },
    Options: Driver === 'tmpfs' ? { size: '1m' } : null,
  })
  beforeEach(() => {
    daemon.replies = {
      'GET /volumes': [
        200,
        { Volumes: [volume('zz', 'tmpfs'), volume('aa', 'local')], Warnings: ['driver x does not answer'] },
      ],
      'GET /volumes/aa': [200, volume('aa', 'local')],
      'DELETE /volumes/aa': [204],
      'DELETE /volumes/held': [409, { message: 'volume is in use - [c1]', code: 'in-use' }],
      'POST /volumes/prune': [200, { VolumesDeleted: ['aa'], SpaceReclaimed: 1500 }],
    }
  })

  it.each([
    ['volume ls', 'DRIVER    VOLUME NAME\nlocal     aa\ntmpfs     zz\n'],
    ['volume list -q', 'aa\nzz\n'],
    [
      'volume list --size --mountpoint',
      'DRIVER    VOLUME NAME   SIZE        USED      MOUNT POINT\nlocal     aa            unlimited   -         /m/aa\ntmpfs     zz            1m          -         /m/zz\n',
    ],
    ['volume ls --format {{.Name}}:{{.Labels}}', 'aa:a=b\nzz:a=b\n'],
  ])('pouch %s', async (line, stdout) => {
    expect(await pouch(line)).toEqual({ code: 0, stdout, stderr: 'WARNING: driver x does not answer\n' })
  })

  it('are filtered', async () => {
    await pouch('volume ls -f dangling=true -f label=a=b --filter label=c -f name=x')
    expect(daemon.requests.at(-1)?.line).toBe(
      'GET /volumes?filters={"dangling":{"true":true},"label":{"a=b":true,"c":true},"name":{"x":true}}',
    )
  })

  it('are inspected', async () => {
    const { stdout, code, stderr } = await pouch('volume inspect aa none')
    expect([JSON.parse(stdout), code]).toEqual([[volume('aa', 'local')], 1])
    expect(stderr).toBe('pouch: no reply for GET /volumes/none\n')
    expect((await pouch('volume inspect --format {{.Mountpoint}} aa')).stdout).toBe('/m/aa\n')
    expect((await pouch('volume inspect -f json aa')).stdout).toBe(`${JSON.stringify(volume('aa', 'local'))}\n`)
  })

  it.each(['volume remove', 'volume rm'])('pouch %s', async (line) => {
    expect(await pouch(`${line} held aa`)).toEqual({
      code: 1,
      stdout: 'aa\n',
      stderr: 'pouch: volume is in use - [c1]\n',
    })
    await pouch(`${line} -f aa`)
    expect(daemon.requests.at(-1)?.line).toBe('DELETE /volumes/aa?force=1')
    await pouch(`${line} -- --force=true`)
    expect(daemon.requests.at(-1)?.line).toBe('DELETE /volumes/--force=true')
  })

  it('are pruned with a word about each that is left', async () => {
    const Warnings = ['remove aa: the volume has snapshots - [s1]: remove them first']
    daemon.replies = { 'POST /volumes/prune': [200, { VolumesDeleted: [], SpaceReclaimed: 0, Warnings }] }
    expect(await pouch('volume prune -f')).toEqual({
      code: 0,
      stdout: 'Total reclaimed space: 0B\n',
      stderr: `WARNING: ${Warnings[0]}\n`,
    })
  })

  const rest = 'with their data. Volumes with driver options, and those of global drivers, are kept. Go on? [y/N] '
  it.each([
    ['volume prune', 'all nameless volumes that no container uses'],
    ['volume prune --filter all=1', 'all volumes that no container uses'],
    ['volume prune --filter all=0', 'all nameless volumes that no container uses'],
    [
      'volume prune -a --filter label=ww --filter label!=x=y',
      'all volumes that no container uses and match label=ww, label!=x=y',
    ],
  ])('pouch %s asks about what it removes and keeps', async (line, which) => {
    expect(await pouch(line, { stdin: 'n\n' })).toEqual({
      code: 0,
      stdout: `This removes ${which}, ${rest}`,
      stderr: '',
    })
    expect(daemon.requests).toEqual([])
  })

  it('are pruned once someone has agreed', async () => {
    expect(await pouch('volume prune', { stdin: 'n\n' })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('[y/N]'),
    })
    expect(await pouch('volume prune', { stdin: '' })).toMatchObject({ code: 0 })
    expect(daemon.requests).toEqual([])
    expect((await pouch('volume prune', { stdin: 'y\n' })).stdout).toContain(
      'Deleted Volumes:\naa\n\nTotal reclaimed space: 1.5kB\n',
    )
    expect((await pouch('volume prune -af --filter label=x')).stderr).toBe('')
    expect(daemon.requests.map(({ line }) => line)).toEqual([
      'POST /volumes/prune',
      'POST /volumes/prune?filters={"label":{"x":true},"all":{"true":true}}',
    ])
  })
})

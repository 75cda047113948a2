import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ScriptedDaemon } from './scripted-daemon.js'

let daemon: ScriptedDaemon
beforeEach(async () => {
  daemon = await ScriptedDaemon.start()
})
afterEach(() => daemon.stop())

describe('system df', () => {
  const created = Math.floor(Date.now() / 1000) - 3 * 3600
  const image = (id: string, bytes: number, shared: number, containers: number) => ({
    Id: `sha256:${id.repeat(64)}`,
    RepoTags: [`img-${id}:1`],
    RepoDigests: [],
    Created: created,
    Size: bytes,
    SharedSize: shared,
    Containers: containers,
    Labels: {},
  })
  const container = (id: string, state: string, bytes: number) => ({
    Id: id.repeat(64),
    Names: [`/c-${id}`],
    Image: 'img-a:1',
    Command: 'sleep 60',
    Created: created,
    State: state,
    Status: 'Up 3 hours',
    Ports: [],
    SizeRw: bytes,
    SizeRootFs: 2_000_000,
    Labels: {},
    Mounts: [{ Driver: 'local', Name: 'data', Source: '/m/data' }],
    NetworkSettings: { Networks: {} },
  })
  const volume = (Name: string, Size: number, RefCount: number) => ({
    Name,
    Driver: 'local',
    Labels: { tier: Name },
    UsageData: { Size, RefCount },
  })
  beforeEach(() => {
    daemon.replies = {
      'GET /system/df': [
        200,
        {
          LayersSize: 5_000_000,
          Images: [image('a', 4_000_000, 1_000_000, 1), image('b', 2_000_000, 1_000_000, 0)],
          Containers: [container('c', 'running', 700), container('d', 'exited', 300)],
          Volumes: [volume('used', 1500, 2), volume('idle', 500, 0), volume('away', -1, 0)],
          BuildCache: [],
        },
      ],
    }
  })
  const df = (...words: string[]) => daemon.pouch(['system', 'df', ...words])

  it('sums up, and what is not known adds nothing', async () => {
    expect(await df()).toEqual({
      code: 0,
      stdout: [
        'TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE',
        'Images          2         1         5MB       2MB (40%)',
        'Containers      2         1         1kB       300B (30%)',
        'Local Volumes   3         1         2kB       500B (25%)',
        '',
      ].join('\n'),
      stderr: '',
    })
    expect(await df('--format', '{{.Type}} {{.TotalCount}} {{.Size}}')).toMatchObject({
      stdout: 'Images 2 5MB\nContainers 2 1kB\nLocal Volumes 3 2kB\n',
    })
    expect((await df('--format', 'json')).stdout.split('\n')[2]).toBe(
      '{"Type":"Local Volumes","TotalCount":"3","Active":"1","Size":"2kB","Reclaimable":"500B (25%)"}',
    )
  })

  it('with -v shows each of them', async () => {
    expect((await df('-v')).stdout).toBe(
      [
        'Images space usage:',
        '',
        'REPOSITORY   TAG       IMAGE ID       CREATED       SIZE      SHARED SIZE   UNIQUE SIZE   CONTAINERS',
        'img-a        1         aaaaaaaaaaaa   3 hours ago   4MB       1MB           3MB           1',
        'img-b        1         bbbbbbbbbbbb   3 hours ago   2MB       1MB           1MB           0',
        '',
        'Containers space usage:',
        '',
        'CONTAINER ID   IMAGE     COMMAND      LOCAL VOLUMES   SIZE                 CREATED       STATUS       NAMES',
        'cccccccccccc   img-a:1   "sleep 60"   1               700B (virtual 2MB)   3 hours ago   Up 3 hours   c-c',
        'dddddddddddd   img-a:1   "sleep 60"   1               300B (virtual 2MB)   3 hours ago   Up 3 hours   c-d',
        '',
        'Local Volumes space usage:',
        '',
        'VOLUME NAME   LINKS     SIZE',
        'away          0         -',
        'idle          0         500B',
        'used          2         1.5kB',
        '',
      ].join('\n'),
    )
    expect((await df('-v', '--format', '{{range .Volumes}}{{.Name}}={{.Size}} {{end}}')).stdout).toBe(
      'away=- idle=500B used=1.5kB \n',
    )
    expect(JSON.parse((await df('-v', '--format', 'json')).stdout).Volumes[2]).toEqual({
      Name: 'used',
      Driver: 'local',
      Labels: 'tier=used',
      Links: '2',
      Size: '1.5kB',
    })
  })
})

describe('info', () => {
  const info = {
    ServerVersion: '1.0',
    Plugins: { Volume: ['local'] },
    Runtimes: {},
    ContainerdCommit: {},
    RuncCommit: {},
    MemTotal: 1,
  }
  const driver = { scope: 'local', durable: true, accessModes: [], facets: [], isDefault: false, state: 'open' }
  const drivers = [
    {
      ...driver,
      name: 'local',
      version: '0.1.0',
      isDefault: true,
      facets: ['resizing', 'snapshots'],
      health: { state: 'degraded', message: 'the disk is nearly full', details: { quota: 'project (ext4)' } },
    },
    { ...driver, name: 'ceph', state: 'failed', error: 'no monitor answers' },
    { ...driver, name: 'bare' },
  ]

  it('names each driver with its version, facets, quota and state', async () => {
    daemon.replies = { 'GET /info': [200, info], 'GET /pouch/v1/drivers': [200, { drivers }] }
    const { stdout } = await daemon.pouch(['info'])
    expect(stdout).toContain(
      [
        'Volume Drivers:',
        ' local: (default)',
        '  Version: 0.1.0',
        '  State: degraded',
        '  Message: the disk is nearly full',
        '  Scope: local',
        '  Facets: resizing snapshots',
        '  Quota: project (ext4)',
        ' ceph:',
        '  State: failed',
        '  Error: no monitor answers',
        ' bare:',
        '  State: open',
        '  Scope: local',
        '  Facets:',
        '',
      ].join('\n'),
    )
    expect(stdout).not.toMatch(/^(?:runc version|Labels):/m)
    const template = '{{range .VolumeDrivers}}{{.name}} {{end}}'
    expect((await daemon.pouch(['info', '-f', template])).stdout).toBe('local ceph bare \n')
  })

  it('tells the commit of runc and the labels where there are any', async () => {
    const full = { ...info, RuncCommit: { ID: 'v1.1.5' }, Labels: ['a=b', 'c'] }
    daemon.replies = { 'GET /info': [200, full], 'GET /pouch/v1/drivers': [200, { drivers }] }
    const { stdout } = await daemon.pouch(['info'])
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['runc version: v1.1.5', 'Labels: a=b c']))
  })

  it("of Docker's daemon has no drivers of ours", async () => {
    daemon.replies = { 'GET /info': [200, info] }
    const { code, stdout } = await daemon.pouch(['info'])
    expect([code, stdout.includes('Volume Drivers')]).toEqual([0, false])
  })
})

describe('system backup', () => {
  const path = 'GET /pouch/v1/backup'

  it.each([['system backup'], ['system backup -']])('pouch %s writes to stdout', async (line) => {
    daemon.replies = { [path]: [200, Buffer.from('SQLite')] }
    expect(await daemon.pouch(line.split(' '))).toEqual({ code: 0, stdout: 'SQLite', stderr: '' })
    expect(await daemon.pouch(line.split(' '), { terminals: ['stdout'] })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('stdout is a terminal; give a file'),
    })
    expect(daemon.requests).toHaveLength(1)
  })

  it('writes a file for nobody else to read, and leaves an older one when it fails', async () => {
    const backup = () => daemon.pouch(['system', 'backup', 'pouch.db'], { terminals: ['stderr'] })
    daemon.replies = { [path]: [200, Buffer.from('first')] }
    expect(await backup()).toMatchObject({ code: 0, stdout: '', stderr: expect.stringMatching(/backing up: 5B\n$/) })
    const file = join(daemon.folder, 'pouch.db')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    daemon.replies = { [path]: [501, { message: 'it is in memory', code: 'unsupported' }] }
    expect(await backup()).toEqual({ code: 1, stdout: '', stderr: 'pouch: it is in memory\n' })
    expect([readFileSync(file, 'utf8'), readdirSync(daemon.folder)]).toEqual(['first', ['d.sock', 'pouch.db']])
  })

  it('is completed, and explained', async () => {
    expect(await daemon.pouch(['__complete', '--', 'system', 'b'])).toMatchObject({ stdout: 'backup\n' })
    expect(await daemon.pouch(['system', 'backup', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: pouch system backup .*\[file\]/),
    })
  })
})

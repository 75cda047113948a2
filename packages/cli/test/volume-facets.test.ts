import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeFrame } from '@pouch/api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type PouchRun, ScriptedDaemon } from './scripted-daemon.js'

let daemon: ScriptedDaemon
beforeEach(async () => {
  daemon = await ScriptedDaemon.start()
})
afterEach(() => daemon.stop())

const pouch = (line: string, options?: PouchRun) => daemon.pouch(line.split(' '), options)
const volumes = '/pouch/v1/volumes'
const noRoute = [404, { message: 'page not found' }] as const

describe('clones', () => {
  beforeEach(() => {
    daemon.replies = { [`POST ${volumes}`]: [201, { name: 'made' }] }
  })

  it.each([
    ['--from data copy', { name: 'copy', labels: {}, from: { volume: 'data' } }],
    ['--from data@s1 copy', { name: 'copy', labels: {}, from: { volume: 'data', snapshot: 's1' } }],
    [
      '--from data --inconsistent -d local -o size=1g copy',
      {
        name: 'copy',
        driver: 'local',
        options: { size: '1g' },
        labels: {},
        from: { volume: 'data', allowInconsistent: true },
      },
    ],
  ])('volume create %s', async (words, body) => {
    expect(await pouch(`volume create ${words}`)).toEqual({ code: 0, stdout: 'made\n', stderr: '' })
    expect(daemon.requests).toEqual([{ line: `POST ${volumes}`, body }])
  })

  it.each([
    ['--from data@', 'write VOLUME or VOLUME@SNAPSHOT'],
    ['--from @s', 'write VOLUME or VOLUME@SNAPSHOT'],
    ['--from a@b@c', 'write VOLUME or VOLUME@SNAPSHOT'],
    ['--inconsistent', 'it belongs to --from'],
  ])('volume create %s is refused', async (words, why) => {
    const { code, stderr } = await pouch(`volume create ${words}`)
    expect([code, daemon.requests]).toEqual([1, []])
    expect(stderr).toContain(why)
  })

  it("are never made an empty volume of by Docker's daemon", async () => {
    daemon.replies = { [`POST ${volumes}`]: noRoute, 'POST /volumes/create': [201, { Name: 'empty' }] }
    expect(await pouch('volume create --from data copy')).toMatchObject({ code: 1, stdout: '' })
    expect(daemon.requests).toHaveLength(1)
  })
})

describe('update and rename', () => {
  it('send what is to change', async () => {
    daemon.replies = {
      [`PATCH ${volumes}/data`]: [200, { name: 'data' }],
      [`POST ${volumes}/data/rename`]: [200, { name: 'archive' }],
    }
    expect(await pouch('volume update data --size 2g -l a=b -l c --label-rm d')).toMatchObject({ stdout: 'data\n' })
    expect(await pouch('volume rename data archive')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(daemon.requests.map(({ body }) => body)).toEqual([
      { labels: { a: 'b', c: '', d: null }, sizeBytes: 2 * 1024 ** 3 },
      { name: 'archive' },
    ])
  })

  it.each([
    ['volume update data', 'give --size, --label or --label-rm'],
    ['volume update data --size 0', 'at least one byte'],
    ['volume update data --size big', 'a size is a number and a unit'],
    ['volume update data -l a=b --label-rm a', 'give one of them'],
  ])('pouch %s is refused', async (line, why) => {
    const { code, stderr } = await pouch(line)
    expect([code, daemon.requests]).toEqual([1, []])
    expect(stderr).toContain(why)
  })
})

describe('snapshots', () => {
  const snapshot = (name: string, minutes: number) => ({
    name,
    volume: 'data',
    createdAt: new Date(Date.now() - minutes * 60_000).toISOString(),
    labels: { why: name },
    method: 'reflink',
    isConsistent: name !== 'torn',
    ...(name === 'old' ? { sizeBytes: 1500 } : {}),
  })
  beforeEach(() => {
    daemon.replies = {
      [`GET ${volumes}/data/snapshots`]: [200, { snapshots: [snapshot('old', 120), snapshot('new', 5)] }],
      [`POST ${volumes}/data/snapshots`]: [201, snapshot('new', 0)],
      [`POST ${volumes}/busy/snapshots`]: [201, snapshot('torn', 0)],
      [`DELETE ${volumes}/data/snapshots/old`]: [204],
      [`POST ${volumes}/data/snapshots/old/restore`]: [204],
    }
  })

  it('are made, with a warning where they are not of one moment', async () => {
    expect(await pouch('volume snapshot create data')).toEqual({ code: 0, stdout: 'new\n', stderr: '' })
    const torn = await pouch('volume snapshot create --inconsistent -l why=torn busy torn')
    expect(torn).toMatchObject({ code: 0, stdout: 'torn\n', stderr: expect.stringMatching(/^WARNING: torn is a copy/) })
    expect(daemon.requests.map(({ body }) => body)).toEqual([
      { labels: {} },
      { name: 'torn', labels: { why: 'torn' }, allowInconsistent: true },
    ])
  })

  it.each([
    [
      'ls data',
      'SNAPSHOT   CREATED         METHOD    CONSISTENT   SIZE\nnew        5 minutes ago   reflink   yes          -\nold        2 hours ago     reflink   yes          1.5kB\n',
    ],
    ['list -q data', 'new\nold\n'],
    ['ls --format {{.Name}}:{{.Labels}}:{{.Label "why"}} data', 'new:why=new:new\nold:why=old:old\n'],
  ])('volume snapshot %s', async (words, stdout) => {
    const [command = '', ...rest] = words.split(/ (?!"why)/)
    expect(await daemon.pouch(['volume', 'snapshot', command, ...rest])).toEqual({ code: 0, stdout, stderr: '' })
  })

  it('are removed and restored', async () => {
    expect(await pouch('volume snapshot rm data none old')).toMatchObject({ code: 1, stdout: 'old\n' })
    expect(await pouch('volume snapshot restore data old')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(daemon.requests.at(-1)?.line).toBe(`POST ${volumes}/data/snapshots/old/restore`)
  })
})

describe('export', () => {
  const frames = (...parts: readonly ['stdout' | 'stderr' | 'error', string][]) =>
    Buffer.concat(parts.map(([stream, text]) => encodeFrame(stream, Buffer.from(text))))
  const path = `GET ${volumes}/data/archive`

  it('writes the archive to stdout, and warnings to stderr', async () => {
    daemon.replies = { [path]: [200, frames(['stdout', 'tar '], ['stderr', '"a socket"\n'], ['stdout', 'end'])] }
    expect(await pouch('volume export data --compress gzip --inconsistent')).toEqual({
      code: 0,
      stdout: 'tar end',
      stderr: 'WARNING: a socket\n',
    })
    expect(daemon.requests.at(-1)?.line).toBe(`${path}?compress=gzip&inconsistent=1&frames=1`)
  })

  it('writes a file that appears once it is whole', async () => {
    const file = join(daemon.folder, 'data.tar')
    writeFileSync(file, 'before')
    const error = '{"message":"the disk is broken","code":"corrupt"}'
    daemon.replies = { [path]: [200, frames(['stdout', 'part'], ['error', error])] }
    const failed = await pouch('volume export data -o data.tar')
    expect(failed).toEqual({ code: 1, stdout: '', stderr: 'pouch: the disk is broken\n' })
    expect([readFileSync(file, 'utf8'), readdirSync(daemon.folder)]).toEqual(['before', ['d.sock', 'data.tar']])
    daemon.replies = { [path]: [200, frames(['stdout', 'whole'])] }
    expect(await pouch('volume export data -o data.tar')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect([readFileSync(file, 'utf8'), readdirSync(daemon.folder)]).toEqual(['whole', ['d.sock', 'data.tar']])
    expect(await pouch('volume export data -o no/such/dir')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot write no/such/dir'),
    })
  })

  it('goes to no terminal, and shows a bar on one', async () => {
    const refused = await pouch('volume export data', { terminals: ['stdout'] })
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('stdout is a terminal') })
    daemon.replies = {
      [path]: [200, frames(['stdout', 'x'.repeat(5000)])],
      [`GET ${volumes}/data/usage`]: [200, { usedBytes: 4000, source: 'counter' }],
    }
    const shown = await pouch('volume export data', { terminals: ['stderr'] })
    expect(shown.stdout).toHaveLength(5000)
    expect(shown.stderr).toMatch(/exporting data: \[=+\] 5kB\/5kB\n$/)
  })

  it('knows its compressions', async () => {
    const { code, stderr } = await pouch('volume export data --compress xz')
    expect([code, stderr, daemon.requests]).toEqual([1, "pouch: invalid --compress 'xz': it is gzip or zstd\n", []])
  })
})

describe('import', () => {
  beforeEach(() => {
    daemon.replies = { [`POST ${volumes}/import`]: [201, { volume: { name: 'data' }, warnings: ['no xattrs here'] }] }
  })

  it.each([
    ['volume import data', 'name=data&driver=local'],
    ['volume import - data', 'name=data&driver=local'],
    [
      'volume import -d tmpfs -o size=1m -l a=b in.tar data',
      'name=data&driver=tmpfs&options={"size":"1m"}&labels={"a":"b"}',
    ],
  ])('pouch %s', async (line, query) => {
    writeFileSync(join(daemon.folder, 'in.tar'), 'archive')
    const outcome = await pouch(line, { stdin: 'archive' })
    expect(outcome).toEqual({ code: 0, stdout: 'data\n', stderr: 'WARNING: no xattrs here\n' })
    expect(daemon.requests).toEqual([{ line: `POST ${volumes}/import?${query}`, body: 'archive' }])
  })

  it('of a file that is not there is refused before anything is asked', async () => {
    const { code, stderr } = await pouch('volume import nope.tar data')
    expect([code, daemon.requests]).toEqual([1, []])
    expect(stderr).toContain('cannot read nope.tar')
  })

  it('shows a bar on a terminal', async () => {
    writeFileSync(join(daemon.folder, 'in.tar'), 'x'.repeat(2000))
    const { stderr } = await pouch('volume import in.tar data', { terminals: ['stderr'] })
    expect(stderr).toMatch(/importing data: \[=+\] 2kB\/2kB\n/)
  })
})

it('migrate shows how far it is, and warnings as they come', async () => {
  const lines = [{ progress: { files: 1, bytes: 1000 } }, { warning: 'a socket' }, { volume: { name: 'data' } }]
  daemon.replies = { [`POST ${volumes}/data/migrate`]: [200, lines.map((line) => JSON.stringify(line)).join('\n')] }
  expect(await pouch('volume migrate data -d ceph -o pool=p')).toEqual({
    code: 0,
    stdout: 'data\n',
    stderr: 'WARNING: a socket\n',
  })
  expect(daemon.requests[0]?.body).toEqual({ driver: 'ceph', options: { pool: 'p' } })
  const { stderr } = await pouch('volume migrate data --driver ceph', { terminals: ['stderr'] })
  expect(stderr).toMatch(/migrating data: 1kB, 1 files.*WARNING: a socket\n.*\n$/s)
  expect(await pouch('volume migrate data')).toMatchObject({ code: 125 })
})

describe('what is used', () => {
  const own = (name: string, sizeBytes?: number) => ({
    name,
    driver: 'local',
    options: {},
    labels: {},
    createdAt: '2026-01-01T00:00:00.000Z',
    scope: 'local',
    anonymous: false,
    references: [],
    snapshotCount: 2,
    mountpoint: `/m/${name}`,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
  })

  it('is listed beside the limit', async () => {
    daemon.replies = {
      [`GET ${volumes}`]: [200, { volumes: [own('bb', 1024 ** 3), own('aa'), own('cc')], warnings: [] }],
      'GET /pouch/v1/usage': [
        200,
        {
          volumes: [
            { volume: 'aa', usage: { usedBytes: 1536, source: 'walk' } },
            { volume: 'bb', usage: { usedBytes: 1024 ** 2, limitBytes: 1024 ** 3 + 5e6, source: 'counter' } },
            { volume: 'cc', error: 'it is not mounted' },
          ],
        },
      ],
    }
    expect(await pouch('volume ls --size -f driver=local')).toEqual({
      code: 0,
      stdout:
        'DRIVER    VOLUME NAME   SIZE        USED\nlocal     aa            unlimited   1.5KiB\nlocal     bb            1GiB        1MiB\nlocal     cc            unlimited   -\n',
      stderr: '',
    })
    expect(new Set(daemon.requests.map(({ line }) => line.replace(/^.*\?/, '')))).toEqual(
      new Set(['filters={"driver":{"local":true}}']),
    )
  })

  it('has no limit that is known where it is a device, or of a driver that says none', async () => {
    const device = { type: 'tmpfs', device: 'tmpfs', o: 'size=10m' }
    const listed = [
      { ...own('dev'), options: device },
      { ...own('far'), driver: 'acme' },
      { ...own('host'), options: { mount: '/srv' } },
      { ...own('none'), options: { type: '', device: '' } },
    ]
    daemon.replies = {
      [`GET ${volumes}`]: [200, { volumes: listed, warnings: [] }],
      'GET /pouch/v1/usage': [200, { volumes: [] }],
    }
    const { stdout } = await pouch('volume ls --size --format {{.Name}}:{{.Size}}')
    expect(stdout).toBe('dev:-\nfar:-\nhost:unlimited\nnone:unlimited\n')
  })

  it('is inspected with what pouchd knows, and Docker’s daemon is asked for no more than it has', async () => {
    const docker = { Name: 'aa', Driver: 'local', Mountpoint: '/m/aa', Labels: null, Scope: 'local', Options: null }
    const details = {
      facets: { snapshots: true, resizing: 'it has no limit' },
      facts: { quota: 'none' },
      snapshots: [],
    }
    daemon.replies = {
      'GET /volumes/aa': [200, docker],
      [`GET ${volumes}/aa`]: [200, own('aa', 5)],
      [`GET ${volumes}/aa/details`]: [200, details],
      [`GET ${volumes}/aa/usage`]: [409, { message: 'not mounted', code: 'conflict' }],
    }
    const [shown] = JSON.parse((await pouch('volume inspect aa')).stdout)
    expect(shown).toEqual({ ...docker, Details: { anonymous: false, sizeBytes: 5, references: [], ...details } })
    expect(await pouch('volume inspect -f {{.Details.facts.quota}} aa')).toMatchObject({ stdout: 'none\n' })
    expect(await pouch('volume inspect --size aa')).toMatchObject({ code: 1, stderr: 'pouch: not mounted\n' })
    daemon.replies = { 'GET /volumes/aa': [200, docker] }
    expect(JSON.parse((await pouch('volume inspect aa')).stdout)).toEqual([docker])
  })
})

it.each(['volume snapshot create held', 'volume create --from held copy', 'volume export -o /nonexistent/x held'])(
  'pouch %s names the flag that allows what was refused',
  async (line) => {
    const refusal = { message: 'stop it, or allow an inconsistent copy', code: 'in-use' }
    const reply = [409, { ...refusal, details: { unless: 'allowInconsistent' } }] as const
    const posts = ['POST /pouch/v1/volumes', `POST ${volumes}/held/snapshots`, `GET ${volumes}/held/archive`]
    daemon.replies = Object.fromEntries(posts.map((post) => [post, reply]))
    const { code, stderr } = await pouch(line.replace('/nonexistent', daemon.folder))
    expect([code, stderr]).toEqual([1, 'pouch: stop it, or allow an inconsistent copy (--inconsistent)\n'])
  },
)

it('a volume whose driver does not answer is inspected with its record and the reason', async () => {
  const docker = { Name: 'aa', Driver: 'away', Mountpoint: '', Labels: null, Scope: 'local', Options: null }
  const own = { name: 'aa', driver: 'away', anonymous: false, references: [{ id: 'r' }], snapshotCount: 0 }
  daemon.replies = {
    'GET /volumes/aa': [200, docker],
    [`GET ${volumes}/aa`]: [200, own],
    [`GET ${volumes}/aa/details`]: [503, { message: 'describe aa: nobody answers there', code: 'unavailable' }],
  }
  const Details = { anonymous: false, references: own.references, error: 'describe aa: nobody answers there' }
  for (const line of ['volume inspect aa', 'volume inspect --size aa']) {
    const { code, stdout, stderr } = await pouch(line)
    expect([code, JSON.parse(stdout), stderr]).toEqual([0, [{ ...docker, Details }], ''])
  }
  const told = { facets: {}, facts: {}, snapshots: [], error: 'describe aa: driver away did not answer' }
  daemon.replies = { ...daemon.replies, [`GET ${volumes}/aa/details`]: [200, told] }
  const { references } = own
  expect(await pouch('volume inspect --size aa')).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse((await pouch('volume inspect aa')).stdout)).toEqual([
    { ...docker, Details: { anonymous: false, references, ...told } },
  ])
})

it('a volume is inspected with everything asked for at once', { timeout: 10_000 }, async () => {
  const docker = { Name: 'aa', Driver: 'away', Mountpoint: '', Labels: null, Scope: 'local', Options: null }
  const told = { facets: {}, facts: {}, snapshots: [], error: 'describe aa: driver away did not answer' }
  const own = { name: 'aa', driver: 'away', anonymous: false, references: [], snapshotCount: 0 }
  daemon.replies = {
    'GET /volumes/aa': [200, docker],
    [`GET ${volumes}/aa`]: [200, own],
    [`GET ${volumes}/aa/details`]: [200, told],
  }
  daemon.heldUntil = { 'GET /volumes/aa': `GET ${volumes}/aa/details` }
  const { stdout } = await pouch('volume inspect aa')
  expect(JSON.parse(stdout)).toEqual([{ ...docker, Details: { anonymous: false, references: [], ...told } }])
})

it('a daemon that does not tell who uses a volume is not waited for without end', async () => {
  const docker = { Name: 'aa', Driver: 'away', Mountpoint: '', Labels: null, Scope: 'local', Options: null }
  const told = { facets: {}, facts: {}, snapshots: [] }
  daemon.replies = { 'GET /volumes/aa': [200, docker], [`GET ${volumes}/aa/details`]: [200, told] }
  daemon.silent = [`GET ${volumes}/aa`]
  const [{ Details }] = JSON.parse((await pouch('volume inspect aa')).stdout)
  expect(Details).toEqual({ ...told, error: expect.stringContaining('3000 ms') })
})

describe('completion', () => {
  const complete = async (...words: string[]) => {
    const { stdout } = await daemon.pouch(['__complete', '--', ...words])
    return stdout.split('\n').slice(0, -1)
  }
  beforeEach(() => {
    daemon.replies = {
      'GET /volumes': [200, { Volumes: [{ Name: 'data' }, { Name: 'demo' }], Warnings: null }],
      [`GET ${volumes}/data/snapshots`]: [200, { snapshots: [{ name: 'monday' }, { name: 'sunday' }] }],
      'GET /pouch/v1/drivers': [200, { drivers: [{ name: 'local', options: [{ name: 'size' }] }, { name: 'ceph' }] }],
    }
  })

  it.each<[string[], string[]]>([
    [['volume', 'snap'], ['snapshot']],
    [
      ['volume', 'snapshot', ''],
      ['create', 'list', 'remove', 'restore'],
    ],
    [
      ['volume', 'snapshot', 'create', 'd'],
      ['data', 'demo'],
    ],
    [
      ['volume', 'snapshot', 'rm', 'data', ''],
      ['monday', 'sunday'],
    ],
    [['volume', 'snapshot', 'rm', 'data', 'monday', 's'], ['sunday']],
    [['volume', 'snapshot', 'restore', 'data', 'monday', ''], []],
    [['volume', 'snapshot', 'create', 'data', ''], []],
    [['volume', 'export', 'de'], ['demo']],
    [
      ['volume', 'export', '--compress', ''],
      ['gzip', 'zstd'],
    ],
    [['volume', 'rename', 'data', ''], []],
    [['volume', 'create', '--from', 'da'], ['data']],
    [
      ['volume', 'create', '--from', 'data@'],
      ['data@monday', 'data@sunday'],
    ],
    [['volume', 'migrate', 'data', '--driver', 'c'], ['ceph']],
    [
      ['volume', 'import', '-d', ''],
      ['ceph', 'local'],
    ],
    [['volume', 'migrate', 'data', '-d', 'local', '-o', ''], ['size=']],
    [['volume', 'snapshot', 'rm', 'gone', ''], []],
  ])('%j', async (words, candidates) => expect(await complete(...words)).toEqual(candidates))
})

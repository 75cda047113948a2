import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ScriptedDaemon } from './scripted-daemon.js'

const id = 'ab'.repeat(32)
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
      'DRIVER    VOLUME NAME   SIZE        MOUNT POINT\nlocal     aa            unlimited   /m/aa\ntmpfs     zz            1m          /m/zz\n',
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
    await pouch('volume prune -af --filter label=x')
    expect(daemon.requests.map(({ line }) => line)).toEqual([
      'POST /volumes/prune',
      'POST /volumes/prune?filters={"label":{"x":true},"all":{"true":true}}',
    ])
  })
})

describe('create', () => {
  beforeEach(() => {
    daemon.replies = { 'POST /containers/create': [201, { Id: id, Warnings: ['bridge means none'] }] }
  })

  const bodyOf = async (line: string, options?: Parameters<ScriptedDaemon['pouch']>[1]) => {
    expect(await pouch(line, options)).toEqual({ code: 0, stdout: `${id}\n`, stderr: 'WARNING: bridge means none\n' })
    return daemon.requests.at(-1)?.body
  }

  it('leaves out what was not given', async () => {
    expect(await bodyOf('create busybox')).toEqual({
      Image: 'busybox',
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
      AttachStdin: false,
      AttachStdout: true,
      AttachStderr: true,
      HostConfig: { NetworkMode: 'default' },
    })
  })

  it('gives everything behind the image to the command', async () => {
    expect(await bodyOf('create --rm=false -it --name=x1 busybox sh --rm=true -c -- -v')).toMatchObject({
      Image: 'busybox',
      Cmd: ['sh', '--rm=true', '-c', '--', '-v'],
      Tty: true,
      OpenStdin: true,
      StdinOnce: true,
      HostConfig: { AutoRemove: false },
    })
    expect(daemon.requests.at(-1)?.line).toBe('POST /containers/create?name=x1')
    expect(await bodyOf('create -- busybox --rm=true')).toMatchObject({ Cmd: ['--rm=true'] })
  })

  it('reads volumes and mounts', async () => {
    expect(
      await bodyOf(
        'create -v data:/d -v ./src:/s:ro -v /anon --tmpfs /t:size=1m --mount type=volume,src=v2,dst=/e,ro busybox',
      ),
    ).toMatchObject({
      Volumes: { '/anon': {} },
      HostConfig: {
        Binds: ['data:/d', `${daemon.folder}/src:/s:ro`],
        Tmpfs: { '/t': 'size=1m' },
        Mounts: [{ Type: 'volume', Source: 'v2', Target: '/e', ReadOnly: true }],
      },
    })
  })

  it('reads resources and rights', async () => {
    const line =
      'create -m 64m --memory-swap -1 --cpus 1.5 -c 512 --pids-limit 100 --ulimit nofile=10:20 --cap-add NET_ADMIN --cap-drop ALL --privileged --read-only --init --device /dev/null --security-opt no-new-privileges --shm-size 1m --sysctl a.b=1 --group-add 5 --pid host --ipc host --log-driver json-file --log-opt max-size=1m --restart no --network none busybox'
    expect(await bodyOf(line)).toMatchObject({
      HostConfig: {
        Memory: 67108864,
        MemorySwap: -1,
        NanoCpus: 1.5e9,
        CpuShares: 512,
        PidsLimit: 100,
        Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 20 }],
        CapAdd: ['NET_ADMIN'],
        CapDrop: ['ALL'],
        Privileged: true,
        ReadonlyRootfs: true,
        Init: true,
        Devices: [{ PathOnHost: '/dev/null' }],
        SecurityOpt: ['no-new-privileges'],
        ShmSize: 1048576,
        Sysctls: { 'a.b': '1' },
        GroupAdd: ['5'],
        PidMode: 'host',
        IpcMode: 'host',
        LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
        RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
        NetworkMode: 'none',
      },
    })
  })

  it('reads the process', async () => {
    await writeFile(join(daemon.folder, 'env'), '# x\nA=file\nB=file\nHOME\n')
    const line =
      'create -e A=flag -e HOME --env-file env -w /w -u 1:2 -l a=b -h box --entrypoint sh --stop-signal INT --stop-timeout 3 -p 8080:80 --expose 90 --net host busybox -c x'
    expect(await bodyOf(line, { env: { HOME: '/root' } })).toMatchObject({
      Env: ['A=file', 'B=file', 'HOME=/root', 'A=flag', 'HOME=/root'],
      WorkingDir: '/w',
      User: '1:2',
      Labels: { a: 'b' },
      Hostname: 'box',
      Entrypoint: ['sh'],
      Cmd: ['-c', 'x'],
      StopSignal: 'INT',
      StopTimeout: 3,
      ExposedPorts: { '80/tcp': {}, '90/tcp': {} },
      HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] }, NetworkMode: 'host' },
    })
  })

  it('writes the id to a file that was not there', async () => {
    await bodyOf('create --cidfile cid busybox')
    expect(await readFile(join(daemon.folder, 'cid'), 'utf8')).toBe(id)
    expect(await pouch('create --cidfile cid busybox')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cannot write the container's id"),
    })
  })

  it('pulls an image that is missing, and only then', async () => {
    daemon.replies = {
      'POST /containers/create': [404, { message: 'No such image: gone:latest', code: 'not-found' }],
      'POST /images/create': [
        200,
        '{"status":"Pulling from gone","id":"latest"}\n{"error":"no such thing","errorDetail":{"code":404,"message":"no such thing"}}\n',
      ],
    }
    expect(await pouch('create gone')).toEqual({
      code: 1,
      stdout: '',
      stderr: "Unable to find image 'gone:latest' locally\nlatest: Pulling from gone\npouch: no such thing\n",
    })
    expect(daemon.requests.map(({ line }) => line)).toEqual([
      'POST /containers/create',
      'GET /images/gone/json',
      'POST /images/create?fromImage=gone&tag=latest',
    ])
    daemon.requests.length = 0
    expect(await pouch('create --pull never gone')).toMatchObject({ stderr: 'pouch: No such image: gone:latest\n' })
    daemon.replies['GET /images/gone/json'] = [200, { Id: 'sha256:1' }]
    expect(await pouch('create gone')).toMatchObject({ stderr: 'pouch: No such image: gone:latest\n' })
    expect(daemon.requests.filter(({ line }) => line.startsWith('POST /images'))).toEqual([])
  })
})

describe('exit codes', () => {
  it.each([
    ['run --nope busybox', 125, "unknown option '--nope'"],
    ['run', 125, "missing required argument 'image'"],
    ['run -v rel:rel busybox', 125, 'not an absolute path'],
    ['run -it busybox', 125, 'not a terminal'],
    ['run -d -a stdout busybox', 125, 'does not go with --detach'],
    ['nonsense', 125, "unknown command 'nonsense'"],
    ['ps --format {{.Nope', 1, 'has no }}'],
    ['wait none', 1, 'no reply'],
  ])('pouch %s: %i', async (line, code, text) => {
    daemon.replies = { 'GET /containers/json': [200, []] }
    const outcome = await pouch(line)
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(outcome.stderr).toContain(text)
    expect(outcome.stderr).not.toContain('    at ')
  })

  it.each([
    [127, { exitCode: 127 }, 127],
    [0, { exitCode: 126 }, 126],
    [127, {}, 127],
    [126, {}, 126],
    [1, {}, 125],
  ])('of a start that fails, with state %i and details %j: %i', async (state, details, code) => {
    daemon.replies = {
      'POST /containers/create': [201, { Id: id, Warnings: [] }],
      [`POST /containers/${id}/start`]: [
        400,
        { message: 'exec: "nope": not found', code: 'invalid-argument', details },
      ],
      [`GET /containers/${id}/json`]: [200, { State: { ExitCode: state } }],
    }
    expect(await pouch('run -d busybox nope')).toEqual({ code, stdout: '', stderr: 'pouch: exec: "nope": not found\n' })
  })

  it('of several names is that of the worst', async () => {
    daemon.replies = {
      'DELETE /containers/a': [204],
      'DELETE /containers/b': [409, { message: 'it runs', code: 'conflict' }],
    }
    expect(await pouch('rm a b')).toEqual({ code: 1, stdout: 'a\n', stderr: 'pouch: it runs\n' })
    expect(await pouch('rm -fv a')).toMatchObject({ code: 0 })
    expect(daemon.requests.at(-1)?.line).toBe('DELETE /containers/a?force=1&v=1')
  })

  it('without a daemon, with the way out', async () => {
    const outcome = await pouch('-H unix:///nonexistent/x.sock ps')
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toMatch(/^pouch: cannot connect .*unix:\/\/\/nonexistent\/x\.sock.*is pouchd running\?.*\n$/)
  })
})

describe('lists and lookups', () => {
  const container = {
    Id: id,
    Names: ['/web'],
    Image: 'busybox',
    Command: 'sleep 1000000000000000000',
    Created: 0,
    Ports: [{ PrivatePort: 80, Type: 'tcp' }],
    Labels: { k: 'v' },
    State: 'running',
    Status: 'Up 2 seconds',
    Mounts: [],
    NetworkSettings: { Networks: { none: {} } },
  }
  beforeEach(() => {
    daemon.replies = {
      'GET /containers/json': [200, [container]],
      'GET /images/json': [
        200,
        [
          {
            Id: `sha256:${id}`,
            RepoTags: ['a:1', 'host:5000/b:2'],
            RepoDigests: [],
            Created: 0,
            Size: 4261550,
            Labels: null,
            Containers: -1,
          },
        ],
      ],
      [`GET /images/${id}/json`]: [200, { Id: 'an image' }],
      'GET /pouch/v1/drivers': [
        200,
        {
          drivers: [
            { name: 'local', options: [{ name: 'mount' }] },
            { name: 'tmpfs', options: [{ name: 'size' }] },
          ],
        },
      ],
      'GET /volumes': [200, { Volumes: [{ Name: 'data' }], Warnings: null }],
    }
  })

  it.each([
    ['ps -q', `${id.slice(0, 12)}\n`],
    ['ps -q --no-trunc', `${id}\n`],
    [
      'ps --format {{.Names}}|{{.Command}}|{{.Ports}}|{{.Label "k"}}'.replace('.Label "k"', '.Labels'),
      'web|"sleep 1000000000000…"|80/tcp|k=v\n',
    ],
    ['images --format {{.Repository}}|{{.Tag}}|{{.Size}}', 'a|1|4.26MB\nhost:5000/b|2|4.26MB\n'],
    ['images -q', `${id.slice(0, 12)}\n`],
  ])('pouch %s', async (line, stdout) => expect(await pouch(line)).toEqual({ code: 0, stdout, stderr: '' }))

  it('pouch ps asks for what is wanted', async () => {
    await pouch('ps -a -n 3 -s -f status=exited')
    expect(daemon.requests.at(-1)?.line).toBe(
      'GET /containers/json?all=1&limit=3&size=1&filters={"status":{"exited":true}}',
    )
    await pouch('ps')
    expect(daemon.requests.at(-1)?.line).toBe('GET /containers/json')
    const { stdout } = await pouch('ps')
    expect(stdout.split('\n')[0]).toBe(
      'CONTAINER ID   IMAGE     COMMAND                  CREATED        STATUS         PORTS     NAMES',
    )
  })

  it('pouch inspect looks for containers, then images, then volumes', async () => {
    expect(await pouch(`inspect -f {{.Id}} ${id}`)).toEqual({ code: 0, stdout: 'an image\n', stderr: '' })
    expect(await pouch('inspect nothing')).toEqual({
      code: 1,
      stdout: '[]\n',
      stderr: "pouch: there is no container or image or volume 'nothing'\n",
    })
    expect(await pouch(`inspect --type volume ${id}`)).toMatchObject({ code: 1 })
  })

  it.each([
    ['', ['attach', 'completion', 'create']],
    ['vol', ['volume']],
    ['volume r', ['remove']],
    ['stop w', ['web']],
    ['volume rm ', ['data']],
    ['volume create -d ', ['local', 'tmpfs']],
    ['volume create -o ', ['mount=', 'size=']],
    ['run host', ['host:5000/b:2']],
    ['run --rm --memory-s', ['--memory-swap', '--memory-swappiness']],
    ['run --name ', []],
  ])('completes %j', async (line, words) => {
    const { code, stdout } = await daemon.pouch(['__complete', '--', ...line.split(' ')])
    expect(code).toBe(0)
    expect(
      stdout
        .split('\n')
        .filter((word) => word !== '')
        .slice(0, Math.max(words.length, 3)),
    ).toEqual(words)
  })

  it('prints the script of bash only', async () => {
    expect((await pouch('completion bash')).stdout).toContain('complete -o default -F _pouch pouch')
    expect(await pouch('completion zsh')).toMatchObject({ code: 1 })
  })

  it('shows help without a daemon', async () => {
    for (const line of ['--help', 'run --help', 'volume create --help']) {
      const { code, stdout } = await pouch(`-H unix:///nonexistent.sock ${line}`)
      expect([code, stdout.startsWith('Usage: pouch ')]).toEqual([0, true])
    }
    expect((await pouch('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('events, logs and moments', () => {
  it('pouch events', async () => {
    const event = {
      Type: 'volume',
      Action: 'mount',
      Actor: { ID: 'v', Attributes: { driver: 'local', container: 'c' } },
      scope: 'local',
      time: 1795240762,
      timeNano: 1795240762207267300,
    }
    daemon.replies = { 'GET /events': [200, `${JSON.stringify(event)}\n`] }
    const { stdout } = await pouch('events --since 100 --until 200.5 -f type=volume')
    expect(stdout).toMatch(/^2026-11-21T05:59:22\.207267\d{3}Z volume mount v \(container=c, driver=local\)\n$/)
    expect(daemon.requests[0]?.line).toBe('GET /events?since=100&until=200.5&filters={"type":{"volume":true}}')
    expect((await pouch('events --format {{.Type}}/{{.Action}}/{{.Actor.ID}}')).stdout).toBe('volume/mount/v\n')
  })

  it('pouch logs', async () => {
    daemon.replies = {
      'GET /containers/c/json': [200, { Id: id, Config: { Tty: true } }],
      [`GET /containers/${id}/logs`]: [200, 'a\nb\n'],
    }
    expect(await pouch('logs -f -t --tail 5 --since 10 c')).toEqual({ code: 0, stdout: 'a\nb\n', stderr: '' })
    expect(daemon.requests.at(-1)?.line).toBe(
      `GET /containers/${id}/logs?follow=1&timestamps=1&since=10&stdout=1&stderr=1&tail=5`,
    )
  })
})

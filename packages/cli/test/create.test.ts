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

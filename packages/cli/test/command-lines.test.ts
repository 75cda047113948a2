import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ScriptedDaemon } from './scripted-daemon.js'

const id = 'ab'.repeat(32)
let daemon: ScriptedDaemon
beforeEach(async () => {
  daemon = await ScriptedDaemon.start()
})
afterEach(() => daemon.stop())

const pouch = (line: string, options?: Parameters<ScriptedDaemon['pouch']>[1]) => daemon.pouch(line.split(' '), options)

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
            {
              name: 'local',
              isDefault: true,
              options: [
                { name: 'mount', type: 'path' },
                { name: 'quota', type: 'enum', values: ['project', 'loop'], aliases: ['opt.quota'] },
                { name: 'gone', type: 'string', unsupported: 'not here' },
              ],
            },
            { name: 'tmpfs', options: [{ name: 'size' }, { name: 'noswap', type: 'boolean' }] },
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
    ['volume r', ['remove', 'rename']],
    ['stop w', ['web']],
    ['volume rm ', ['data']],
    ['volume create -d ', ['local', 'tmpfs']],
    ['volume create -o ', ['mount=', 'quota=']],
    ['volume create -d tmpfs -o ', ['noswap=', 'size=']],
    ['volume create --driver=tmpfs -o ', ['noswap=', 'size=']],
    ['volume create --driver=t', ['--driver=tmpfs']],
    ['volume create -o quota=', ['quota=loop', 'quota=project']],
    ['volume create -o opt.quota=p', ['opt.quota=project']],
    ['volume create -d tmpfs -o noswap=', ['noswap=false', 'noswap=true']],
    ['volume create -d nobody -o ', []],
    ['volume ls -f ', ['dangling=', 'driver=', 'label=', 'name=']],
    ['volume ls -f dangling=', ['dangling=false', 'dangling=true']],
    ['volume ls -f driver=t', ['driver=tmpfs']],
    ['volume ls -f name=', ['name=data']],
    ['volume ls -f label=', []],
    ['volume prune --filter l', ['label!=', 'label=']],
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

  it.each([
    [['volume', 'create', '-o', 'quota', '='], 'volume|create|-o|quota=', ['loop', 'project']],
    [['volume', 'create', '-o', 'quota', '=', 'lo'], 'volume|create|-o|quota=lo', ['loop']],
    [['volume', 'create', '--from', 'data', '@', 'mo'], 'volume|create|--from|data@mo', ['monday']],
    [['volume', 'create', '-o', ''], 'volume|create|-o|', ['quota=']],
  ])('bash asks for %j, which it has divided itself', async (words, asked, replies) => {
    const script = (await pouch('completion bash')).stdout
    const whole = asked.split('|')
    const said = replies.map((reply) => `${(whole.at(-1) ?? '').replace(/[^=@]*$/, '')}${reply}`)
    const lines = [
      script,
      // Outside of an interactive shell there is nothing to set.
      'compopt() { :; }',
      `pouch() { shift 2; (IFS='|'; printf '%s' "$*" >&3); printf '%s\\n' ${said.map((text) => `'${text}'`).join(' ')}; }`,
      `COMP_WORDS=(pouch ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}`,
      `COMP_LINE='pouch ${whole.join(' ')}'; _pouch`,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash's
      'exec 3>&-; printf "%s\\n" "${COMPREPLY[@]}"',
    ]
    const { stdout, stderr, output } = spawnSync('bash', ['-c', lines.join('\n')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    expect([stdout, stderr, output[3]]).toEqual([`${replies.join('\n')}\n`, '', asked])
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

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'
import { PouchCli, shows } from './pouch-cli.js'

let daemon: RunningPouchd
let pouch: PouchCli

beforeAll(async () => {
  daemon = await RunningPouchd.start()
  await daemon.loadBusybox()
  pouch = new PouchCli(daemon.address)
})

afterEach(async () => {
  const ids = (await pouch.output('ps', '-aq')).split('\n').filter((id) => id !== '')
  if (ids.length > 0) await pouch.run(['rm', '-f', ...ids])
})
afterAll(() => daemon?.remove())

const run = (...words: readonly string[]) => ['run', '--network', 'none', ...words]
const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

describe('exit codes', () => {
  it.each([
    [0, ['true'], ''],
    [42, ['sh', '-c', 'exit 42'], ''],
    [137, ['sh', '-c', "sh -c 'kill -9 $$'; exit $?"], ''],
    [127, ['/no/such/program'], 'no such file'],
    [126, ['/etc'], 'permission denied'],
  ])('%i of %j', async (code, command, text) => {
    for (const flags of [['--rm'], []]) {
      const outcome = await pouch.run(run(...flags, 'busybox', ...command))
      expect([outcome.code, outcome.stdout.toString()]).toEqual([code, ''])
      expect(outcome.stderr).toContain(text)
    }
  })

  it('125 of what the daemon refuses', async () => {
    const outcome = await pouch.run(run('--pull', 'never', 'no-such-image'))
    expect([outcome.code, outcome.stderr]).toEqual([125, expect.stringMatching(/^pouch: .*no-such-image.*\n$/)])
    expect((await pouch.run(['run', '-p', '80:80', 'busybox', 'true'])).code).toBe(125)
  })

  it('of a container that is waited for, started again or attached to', async () => {
    await pouch.output(...run('-d', '--name', 'job', 'busybox', 'sh', '-c', 'exit 3'))
    expect(await pouch.output('wait', 'job')).toBe('3\n')
    expect((await pouch.run(['start', '-a', 'job'])).code).toBe(3)
    expect((await pouch.run(['attach', 'job'])).stderr).toContain('start it first')
    const script = 'trap "exit 4" TERM; while :; do echo tick; sleep 0.1; done'
    await pouch.output(...run('-d', '--name', 'loop', 'busybox', 'sh', '-c', script))
    const attached = pouch.begin('attach', '--no-stdin', 'loop')
    await shows(attached.stdout, 'tick')
    attached.kill('SIGTERM')
    expect((await attached.ended).code).toBe(4)
  })
})

describe('streams', () => {
  it('are kept apart and whole', async () => {
    const outcome = await pouch.run(run('--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; printf "no end"'))
    expect([outcome.stdout.toString(), outcome.stderr]).toEqual(['out\nno end', 'err\n'])
  })

  it('carry five megabytes in and out, and the end of the input', async () => {
    const data = randomBytes(5_000_000)
    const file = join(daemon.folder, 'random')
    writeFileSync(file, data)
    const echoed = await pouch.run(run('--rm', '-i', 'busybox', 'cat'), { stdin: { file } })
    expect([echoed.code, echoed.stdout.length, digest(echoed.stdout)]).toEqual([0, data.length, digest(data)])
    await pouch.output(...run('-d', '--name', 'host', 'busybox', 'sleep', '1000'))
    const inExec = await pouch.run(['exec', '-i', 'host', 'sha256sum'], { stdin: { file } })
    expect(inExec.stdout.toString()).toBe(`${digest(data)}  -\n`)
  })

  it('wait for a slow reader without losing anything', async () => {
    const command = pouch.begin(...run('--rm', 'busybox', 'sh', '-c', 'seq 1 2000000'))
    command.stdout.pause()
    await delay(1000)
    command.stdout.resume()
    const { code, stdout } = await command.ended
    const lines = stdout.toString().split('\n')
    expect([code, lines.length, lines[0], lines[999_999], lines[1_999_999]]).toEqual([
      0,
      2_000_001,
      '1',
      '1000000',
      '2000000',
    ])
  })

  it('end the program quietly when nobody reads them any more', async () => {
    const command = pouch.begin(
      ...run('--rm', '--name', 'talker', 'busybox', 'sh', '-c', 'while :; do echo y; sleep 0.01; done'),
    )
    await shows(command.stdout, 'y\n')
    command.stdout.destroy()
    const { code, stderr } = await command.ended
    expect([code, stderr]).toEqual([141, ''])
  })
})

describe('signals', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s reaches the process', async (signal) => {
    const script = `trap "echo got; exit 9" ${signal.slice(3)}; echo ready; while :; do sleep 0.1; done`
    const command = pouch.begin(...run('--rm', 'busybox', 'sh', '-c', script))
    await shows(command.stdout, 'ready')
    command.kill(signal)
    const { code, stdout } = await command.ended
    expect([code, stdout.toString()]).toEqual([9, 'ready\ngot\n'])
  })

  it('ends only the program with --sig-proxy=false', async () => {
    const command = pouch.begin(
      ...run('--sig-proxy=false', '--name', 'alone', 'busybox', 'sh', '-c', 'echo ready; sleep 1000'),
    )
    await shows(command.stdout, 'ready')
    command.kill('SIGTERM')
    expect((await command.ended).signal).toBe('SIGTERM')
    expect(await pouch.output('inspect', '-f', '{{.State.Running}}', 'alone')).toBe('true\n')
  })
})

describe('containers', () => {
  it('run in the background, and are looked at', async () => {
    const id = (
      await pouch.output(
        ...run('-d', '--name', 'back', '-l', 'a=b', '-e', 'X=1', '-w', '/tmp', 'busybox', 'sleep', '1000'),
      )
    ).trim()
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    expect(
      await pouch.output(
        'ps',
        '--no-trunc',
        '--format',
        '{{.ID}} {{.Names}} {{.Image}} {{.Command}} {{.State}} {{.Label "a"}}',
      ),
    ).toBe(`${id} back busybox "sleep 1000" running b\n`)
    expect(await pouch.output('exec', 'back', 'sh', '-c', 'echo $X; pwd')).toBe('1\n/tmp\n')
    expect((await pouch.run(['exec', 'back', 'sh', '-c', 'exit 3'])).code).toBe(3)
    expect((await pouch.run(['exec', 'back', '/nope'])).code).toBe(127)
    expect((await pouch.run(['rm', 'back'])).stderr).toContain('running')
    expect(await pouch.output('rename', 'back', 'front')).toBe('')
    expect(await pouch.output('kill', 'front')).toBe('front\n')
    expect(await pouch.output('wait', 'front')).toBe('137\n')
    expect(await pouch.output('ps', '-a', '-f', 'status=exited', '--format', '{{.Names}} {{.Status}}')).toMatch(
      /^front Exited \(137\) /,
    )
    expect(await pouch.output('rm', 'front')).toBe('front\n')
    expect((await pouch.run(['inspect', 'front'])).stderr).toBe(
      "pouch: there is no container or image or volume 'front'\n",
    )
  })

  it('stop by their signal, then by force', async () => {
    await pouch.output(
      ...run('-d', '--name', 'deaf', 'busybox', 'sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'),
    )
    const began = performance.now()
    expect(await pouch.output('stop', '-t', '1', 'deaf')).toBe('deaf\n')
    expect(performance.now() - began).toBeGreaterThan(1000)
    expect(await pouch.output('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'deaf')).toBe('exited 137\n')
    expect(await pouch.output('restart', '-t', '0', 'deaf')).toBe('deaf\n')
    expect(await pouch.output('inspect', '-f', '{{.State.Status}}', 'deaf')).toBe('running\n')
  })

  it('leave a log, which can be followed to its end', async () => {
    const script = 'for i in 1 2 3; do echo out $i; echo err $i >&2; sleep 0.2; done'
    await pouch.output(...run('-d', '--name', 'writer', 'busybox', 'sh', '-c', script))
    const followed = await pouch.run(['logs', '-f', 'writer'])
    expect([followed.code, followed.stdout.toString(), followed.stderr]).toEqual([
      0,
      'out 1\nout 2\nout 3\n',
      'err 1\nerr 2\nerr 3\n',
    ])
    const last = await pouch.run(['logs', '--tail', '2', '-t', 'writer'])
    expect(last.stdout.toString() + last.stderr).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}Z out 3\n\d{4}-[^ ]+Z err 3\n$/)
  })

  it('get what create is told, and write their id', async () => {
    const file = join(daemon.folder, 'cid')
    const script =
      'id -u; hostname; cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max; touch /x || echo read-only'
    const words = run(
      '--rm',
      '--cidfile',
      file,
      '-u',
      '65534',
      '-h',
      'box',
      '-m',
      '64m',
      '--read-only',
      '--tmpfs',
      '/t:size=1m',
      'busybox',
      'sh',
      '-c',
      script,
    )
    const { stdout } = await pouch.run(words)
    expect(stdout.toString()).toBe('65534\nbox\n67108864\nread-only\n')
    expect(readFileSync(file, 'utf8')).toMatch(/^[0-9a-f]{64}$/)
  })

  it('are told of by events, in their order', async () => {
    const since = (Date.now() / 1000).toFixed(3)
    await pouch.output(...run('--rm', '--name', 'short', 'busybox', 'true'))
    const until = (Date.now() / 1000 + 0.5).toFixed(3)
    const lines = await pouch.output(
      'events',
      '--since',
      since,
      '--until',
      until,
      '-f',
      'type=container',
      '--format',
      '{{.Action}} {{.Actor.Attributes.name}}',
    )
    expect(lines.split('\n').filter((line) => !line.startsWith('attach'))).toEqual([
      'create short',
      'start short',
      'die short',
      'destroy short',
      '',
    ])
  })
})

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shows } from '../command-line.js'
import { RunningPouchd } from '../running-pouchd.js'
import { DockerCli, dockerPrograms } from './docker-cli.js'

let daemon: RunningPouchd
beforeAll(async () => {
  daemon = await RunningPouchd.start()
  await daemon.loadBusybox()
})
afterAll(() => daemon?.remove())

const sha = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

describe.each(dockerPrograms())('docker $version', (program) => {
  let docker: DockerCli
  beforeAll(() => {
    docker = new DockerCli(program, daemon.address)
  })

  it('run --rm gives output and errors apart, and leaves nothing', async () => {
    const { code, stdout, stderr } = await docker.run(['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2'])
    expect([code, stdout.toString()]).toEqual([0, 'out\n'])
    expect(stderr).toContain('err\n')
    expect(await docker.output('ps', '-aq')).toBe('')
  })

  it.each([
    [42, ['sh', '-c', 'exit 42'], ''],
    [126, ['/etc'], 'permission denied'],
    [127, ['/no/such/program'], 'no such file or directory'],
    [137, ['sh', '-c', 'kill -9 $$'], ''],
  ])('run ends with %i', async (expected, command, message) => {
    const isPid1 = expected === 137
    const words = isPid1
      ? ['run', '--rm', 'busybox', 'sh', '-c', 'sh -c "kill -9 \\$\\$"; exit $?']
      : ['run', '--rm', 'busybox', ...command]
    const { code, stderr } = await docker.run(words)
    expect(code).toBe(expected)
    expect(stderr).toContain(message)
    expect(await docker.output('ps', '-aq')).toBe('')
  })

  it.each([
    [['--name', 'a b'], 'Invalid container name (a b)'],
    [['--memory', '1k'], 'Minimum memory limit'],
    [['-p', '80:80'], 'published ports'],
    [['--network', 'nosuch'], 'nosuch'],
    [['-v', 'relative:target'], 'mount path must be absolute'],
    [['--runtime', 'nosuch'], 'nosuch'],
  ])('run %j ends with 125', async (options, message) => {
    const { code, stderr } = await docker.run(['run', '--rm', ...options, 'busybox', 'true'])
    expect([code, stderr]).toEqual([125, expect.stringContaining(message)])
    expect(await docker.output('ps', '-aq')).toBe('')
  })

  it('run -i passes 5 MB in and out whole', async () => {
    const data = randomBytes(5_000_000)
    const file = join(daemon.folder, 'input')
    writeFileSync(file, data)
    const counted = await docker.run(['run', '--rm', '-i', 'busybox', 'wc', '-c'], { stdin: { file } })
    expect([counted.code, counted.stdout.toString().trim()]).toEqual([0, '5000000'])
    const echoed = await docker.run(['run', '--rm', '-i', 'busybox', 'cat'], { stdin: { file } })
    expect([echoed.stdout.byteLength, sha(echoed.stdout)]).toEqual([data.byteLength, sha(data)])
  })

  it('run passes 50 MB of output whole', async () => {
    const script = 'dd if=/dev/zero bs=1M count=50 2>/dev/null'
    const { code, stdout } = await docker.run(['run', '--rm', 'busybox', 'sh', '-c', script])
    expect([code, stdout.byteLength, sha(stdout)]).toEqual([0, 50 * 1024 * 1024, sha(Buffer.alloc(50 * 1024 * 1024))])
  })

  it('run takes environment, user, directory, host name, labels and limits', async () => {
    const options = [
      '-e',
      'A=1',
      '-u',
      '7:8',
      '-w',
      '/tmp',
      '-h',
      'box',
      '-l',
      'k=v',
      '-m',
      '64m',
      '--read-only',
      '--tmpfs',
      '/tmp',
    ]
    const script = 'echo $A $(id -u):$(id -g) $(pwd) $(hostname); touch /x 2>/dev/null || echo read-only'
    expect(await docker.output('run', '--rm', ...options, 'busybox', 'sh', '-c', script)).toBe(
      '1 7:8 /tmp box\nread-only\n',
    )
  })

  it('run warns that the bridge has no way out, and not of a network that nobody chose', async () => {
    const list = ['busybox', 'sh', '-c', 'ls /sys/class/net']
    for (const network of [[], ['--network', 'none'], ['--network', 'bridge']]) {
      const { code, stdout, stderr } = await docker.run(['run', '--rm', ...network, ...list])
      expect([code, stdout.toString()]).toEqual([0, 'lo\n'])
      expect(stderr.includes('WARNING: ')).toBe(network.includes('bridge'))
    }
  })

  it('exec runs with its own output, input and exit code', async () => {
    const id = (await docker.output('run', '-d', '--network', 'none', 'busybox', 'sleep', '60')).trim()
    expect(await docker.output('exec', id, 'echo', 'hi')).toBe('hi\n')
    const failing = await docker.run(['exec', id, 'sh', '-c', 'echo bad >&2; exit 7'])
    expect([failing.code, failing.stdout.toString(), failing.stderr]).toEqual([7, '', 'bad\n'])
    const fed = await docker.run(['exec', '-i', id, 'wc', '-c'], { stdin: 'x'.repeat(1_000_000) })
    expect([fed.code, fed.stdout.toString().trim()]).toEqual([0, '1000000'])
    const missing = await docker.run(['exec', id, '/nope'])
    expect([missing.code, missing.stdout.toString() + missing.stderr]).toEqual([
      127,
      expect.stringContaining('no such file or directory'),
    ])
    expect(await docker.output('exec', '-d', id, 'touch', '/tmp/detached')).toBe('')
    await expect.poll(async () => (await docker.run(['exec', id, 'ls', '/tmp/detached'])).code).toBe(0)
    await docker.output('rm', '-f', id)
    expect((await docker.run(['exec', id, 'true'])).stderr).toContain(`No such container: ${id}`)
  })

  it('logs shows lines of both streams, follows to the end, and picks', async () => {
    const script = 'i=0; while [ $i -lt 5 ]; do echo out$i; echo err$i >&2; i=$((i+1)); sleep 0.1; done'
    const id = (await docker.output('run', '-d', '--network', 'none', 'busybox', 'sh', '-c', script)).trim()
    const followed = await docker.run(['logs', '-f', id])
    const lines = (name: string) => Array.from({ length: 5 }, (_, index) => `${name}${index}\n`).join('')
    expect([followed.code, followed.stdout.toString(), followed.stderr]).toEqual([0, lines('out'), lines('err')])
    const tail = await docker.run(['logs', '--tail', '2', id])
    expect(tail.stdout.toString() + tail.stderr).toBe('out4\nerr4\n')
    expect((await docker.output('logs', '-t', id)).split('\n')[0]).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z out0$/,
    )
    expect(await docker.output('logs', '--since', '2100-01-01', id)).toBe('')
    await docker.output('rm', id)
  })

  it('attach follows a running container, and kill and wait agree about its end', async () => {
    const id = (
      await docker.output(
        'run',
        '-d',
        '--network',
        'none',
        'busybox',
        'sh',
        '-c',
        'while :; do echo tick; sleep 0.1; done',
      )
    ).trim()
    const attached = docker.begin('attach', '--no-stdin', id)
    await shows(attached.stdout, 'tick')
    const waiting = docker.run(['wait', id])
    expect(await docker.output('kill', id)).toBe(`${id}\n`)
    expect((await waiting).stdout.toString()).toBe('137\n')
    expect((await attached.ended).code).toBe(137)
    expect(await docker.output('wait', id)).toBe('137\n')
    await docker.output('rm', id)
  })

  it('leaves a file with the id where it is asked to', async () => {
    const file = join(daemon.folder, `id-${program.version}`)
    const id = (await docker.output('run', '-d', '--network', 'none', '--cidfile', file, 'busybox', 'true')).trim()
    expect(readFileSync(file, 'utf8')).toBe(id)
    await docker.output('rm', '-f', id)
  })
})

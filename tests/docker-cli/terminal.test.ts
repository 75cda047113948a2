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

describe.each(dockerPrograms())('docker $version on a terminal', (program) => {
  let docker: DockerCli
  beforeAll(() => {
    docker = new DockerCli(program, daemon.address)
  })

  // An old CLI sends the size once the container runs.
  const sized = 'while [ "$(stty size)" != "33 77" ]; do sleep 0.05; done; stty size'

  it('run -it has a terminal of the right size, and its exit code', async () => {
    const { code, stdout } = await docker.onTerminal(
      'run',
      '--rm',
      '-it',
      '--network',
      'none',
      'busybox',
      'sh',
      '-c',
      `${sized}; tty; exit 9`,
    ).ended
    expect(stdout.toString()).toContain('33 77\r\n/dev/pts/0\r\n')
    expect(code).toBe(9)
  })

  it('run -it passes what is typed, and the size when it changes', async () => {
    const id = `typed-${program.version.replaceAll('.', '-')}`
    const running = docker.onTerminal('run', '--rm', '-it', '--network', 'none', '--name', id, 'busybox', 'sh')
    await shows(running.stdout, '#')
    running.stdin.write('echo $((6*7))\n')
    await shows(running.stdout, '42\r\n')
    const resized = await daemon.request('POST', `/v1.43/containers/${id}/resize?h=20&w=60`)
    expect(resized.status).toBe(200)
    running.stdin.write('stty size\n')
    await shows(running.stdout, '20 60\r\n')
    running.stdin.write('exit 3\n')
    expect((await running.ended).code).toBe(3)
  })

  it('exec -it has one too', async () => {
    const id = (await docker.output('run', '-d', '--network', 'none', 'busybox', 'sleep', '60')).trim()
    const { code, stdout } = await docker.onTerminal('exec', '-it', id, 'sh', '-c', `${sized}; exit 4`).ended
    expect([code, stdout.toString()]).toEqual([4, expect.stringContaining('33 77\r\n')])
    await docker.output('rm', '-f', id)
  })

  it('detaches by its keys and leaves the container running', async () => {
    const id = (await docker.output('run', '-dit', '--network', 'none', 'busybox', 'sh')).trim()
    const attached = docker.onTerminal('attach', '--detach-keys', 'ctrl-x,x', id)
    attached.stdin.write('echo be$((1))fore\n')
    await shows(attached.stdout, 'be1fore\r\n')
    attached.stdin.write('\x18x')
    await attached.ended
    expect(await docker.output('inspect', '-f', '{{.State.Running}}', id)).toBe('true\n')
    await docker.output('rm', '-f', id)
  })
})

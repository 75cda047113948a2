import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'
import { DockerCli, dockerPrograms } from './docker-cli.js'

let daemon: RunningPouchd
beforeAll(async () => {
  daemon = await RunningPouchd.start()
  await daemon.loadBusybox()
})
afterAll(() => daemon?.remove())

describe.each(dockerPrograms())('docker $version', (program) => {
  let docker: DockerCli
  beforeAll(() => {
    docker = new DockerCli(program, daemon.address)
  })

  const sleeper = async (...options: string[]) =>
    (
      await docker.output(
        'run',
        '-d',
        '--network',
        'none',
        ...options,
        'busybox',
        'sh',
        '-c',
        'trap "exit 3" TERM; sleep 100 & wait',
      )
    ).trim()
  const stateOf = (id: string) => docker.output('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', id)

  it('goes through a container’s whole life', async () => {
    const id = (
      await docker.output(
        'create',
        '--name',
        'life',
        '--network',
        'none',
        'busybox',
        'sh',
        '-c',
        'trap "exit 3" TERM; sleep 100 & wait',
      )
    ).trim()
    expect(await stateOf('life')).toBe('created 0\n')
    expect(await docker.output('start', 'life')).toBe('life\n')
    expect(await stateOf(id.slice(0, 12))).toBe('running 0\n')
    expect(await docker.output('pause', 'life')).toBe('life\n')
    expect(await docker.output('ps', '--format', '{{.Names}} {{.Status}}')).toMatch(/^life Up .* \(Paused\)\n$/)
    expect(await docker.output('unpause', 'life')).toBe('life\n')
    expect(await docker.output('rename', 'life', 'second-life')).toBe('')
    expect(await docker.output('stop', '-t', '5', 'second-life')).toBe('second-life\n')
    expect(await stateOf(id)).toBe('exited 3\n')
    expect(await docker.output('stop', id)).toBe(`${id}\n`)
    expect(await docker.output('restart', '-t', '5', id)).toBe(`${id}\n`)
    expect(await stateOf(id)).toBe('running 0\n')
    const refused = await docker.run(['rm', id])
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`container ${id}`)])
    expect(await docker.output('rm', '-f', id)).toBe(`${id}\n`)
    expect((await docker.run(['inspect', id])).code).toBe(1)
  })

  it('ps lists, filters and formats', async () => {
    const [first, second] = [
      await sleeper('--name', 'ps-first', '-l', 'team=a'),
      await sleeper('--name', 'ps-second', '-v', 'psv:/data'),
    ]
    await docker.output('kill', second)
    await docker.output('wait', second)
    const names = async (...options: string[]) =>
      (await docker.output('ps', '--format', '{{.Names}}', ...options)).split('\n').filter((name) => name !== '')
    expect(await names()).toEqual(['ps-first'])
    expect(await names('-a')).toEqual(['ps-second', 'ps-first'])
    expect(await names('-a', '-f', 'label=team=a')).toEqual(['ps-first'])
    expect(await names('-f', 'status=exited')).toEqual(['ps-second'])
    expect(await names('-a', '-f', 'volume=psv')).toEqual(['ps-second'])
    expect(await names('-a', '-f', 'name=second')).toEqual(['ps-second'])
    expect(await names('-a', '-f', 'ancestor=busybox', '-f', 'exited=137')).toEqual(['ps-second'])
    expect(await names('-n', '1')).toEqual(['ps-second'])
    expect(await docker.output('ps', '-a', '--no-trunc', '-q')).toBe(`${second}\n${first}\n`)
    const table = await docker.output('ps', '-a')
    expect(table).toMatch(/^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES\n/)
    expect(table).toMatch(new RegExp(`${second.slice(0, 12)} +busybox +"sh -c 'trap.*Exited \\(137\\) .*ps-second`))
    expect((await docker.run(['ps', '-f', 'nosuch=1'])).stderr).toContain("invalid filter 'nosuch")
    await docker.output('rm', '-fv', first, second)
    await docker.output('volume', 'rm', 'psv')
  })

  it('container prune removes what does not run', async () => {
    const running = await sleeper()
    const ended = (await docker.output('run', '-d', '--network', 'none', 'busybox', 'true')).trim()
    await docker.output('wait', ended)
    expect(await docker.output('container', 'prune', '-f')).toContain(ended)
    expect(await docker.output('ps', '-aq', '--no-trunc')).toBe(`${running}\n`)
    await docker.output('rm', '-f', running)
  })

  it('events tells what happened, in order', async () => {
    const since = (Date.now() / 1000).toFixed(3)
    const words = ['--network', 'none', '--name', 'told', '-v', 'told-volume:/data', 'busybox', 'sh', '-c', 'exit 5']
    const id = (await docker.output('run', '-d', ...words)).trim()
    await docker.output('wait', id)
    await docker.output('rm', id)
    await docker.output('volume', 'rm', 'told-volume')
    const until = (Date.now() / 1000).toFixed(3)
    const events = async (format: string, ...filters: string[]) => {
      const options = filters.flatMap((filter) => ['-f', filter])
      const text = await docker.output('events', '--since', since, '--until', until, '--format', format, ...options)
      return text.trim().split('\n')
    }
    expect(await events('{{.Action}}', 'type=container')).toEqual(['create', 'start', 'die', 'destroy'])
    const volume = await events('{{.Action}}', 'type=volume', 'volume=told-volume')
    expect([volume[0], volume.at(-1)]).toEqual(['create', 'destroy'])
    expect(volume.filter((action) => action === 'mount').length).toBe(
      volume.filter((action) => action === 'unmount').length,
    )
    const death = '{{.Actor.ID}} {{.Actor.Attributes.name}} {{.Actor.Attributes.image}} {{.Actor.Attributes.exitCode}}'
    expect(await events(death, 'container=told', 'event=die')).toEqual([`${id} told busybox 5`])
  })

  it('info, version and system df work', async () => {
    expect(await docker.output('info', '-f', '{{.Driver}} {{.OSType}} {{.LoggingDriver}} {{.Plugins.Volume}}')).toBe(
      'overlayfs linux json-file [local tmpfs]\n',
    )
    expect(
      await docker.output('version', '-f', '{{.Server.APIVersion}} {{.Server.MinAPIVersion}} {{.Server.Os}}'),
    ).toBe('1.43 1.24 linux\n')
    await docker.output('volume', 'create', 'df-volume')
    await docker.output(
      'run',
      '--rm',
      '-v',
      'df-volume:/data',
      'busybox',
      'dd',
      'if=/dev/zero',
      'of=/data/x',
      'bs=1000',
      'count=5',
    )
    const usage = await docker.output('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Size}}')
    expect(usage).toMatch(/^Images 1 .*\nContainers 0 0B\nLocal Volumes 1 5kB\n/)
    await docker.output('volume', 'rm', 'df-volume')
  })

  it('knows the networks that there are', async () => {
    expect(await docker.output('network', 'ls', '--format', '{{.Name}} {{.Driver}}')).toBe('host host\nnone null\n')
    expect(await docker.output('network', 'inspect', 'none', '-f', '{{.Scope}}')).toBe('local\n')
    expect((await docker.run(['network', 'create', 'mine'])).stderr).toContain('not supported')
  })
})

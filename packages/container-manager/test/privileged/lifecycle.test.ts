import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestHost } from '../support/test-host.js'

let host: TestHost

beforeAll(async () => {
  host = await TestHost.start()
})
afterAll(async () => {
  await host.end()
})

describe('the life of a container', () => {
  it('creates, starts, waits, reads the log and removes', async () => {
    const { id, exitCode, stdout, stderr } = await host.run(['sh', '-c', 'echo out; echo err >&2; exit 42'])
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 42, stdout: 'out\n', stderr: 'err\n' })
    expect(host.manager.get(id).state).toMatchObject({ status: 'exited', exitCode: 42, pid: 0 })
    const directory = join(host.home, 'containers', id)
    expect(existsSync(join(directory, 'io', 'stdout'))).toBe(false)
    await host.manager.remove(id)
    expect(() => host.manager.get(id)).toThrow(/No such container/)
    expect(existsSync(directory)).toBe(false)
    expect(await host.client.containers.get(id)).toBeUndefined()
    expect(await host.client.snapshots().stat(id)).toBeUndefined()
  })

  it('keeps its log over a restart and counts a second run as one more', async () => {
    const { id } = await host.run(['sh', '-c', 'echo again'])
    const exit = host.manager.wait(id, 'next-exit')
    await host.manager.restart(id)
    await exit
    expect(await host.text(id, { stdout: true })).toBe('again\nagain\n')
    await host.manager.remove(id)
  })

  it('maps a command that is not there to 127 and one that cannot be run to 126', async () => {
    for (const [command, code] of [
      ['/no/such/program', 127],
      ['no-such-program', 127],
      ['/etc/not-executable', 126],
      ['/etc', 126],
    ] as const) {
      const { id } = await host.manager.create({ image: 'busybox', command: [command] })
      const exit = host.manager.wait(id, 'next-exit')
      await expect(host.manager.start(id)).rejects.toMatchObject({
        code: 'invalid-argument',
        details: { exitCode: code },
      })
      expect(await exit).toMatchObject({ exitCode: code })
      const { state } = host.manager.get(id)
      expect(state).toMatchObject({ status: 'created', exitCode: code })
      expect(state.error).toContain(command)
      expect(await host.client.tasks.get(id)).toBeUndefined()
      await host.manager.remove(id)
    }
  })

  it('stops with the stop signal, and with SIGKILL after the timeout', async () => {
    const trap = await host.manager.create({
      image: 'busybox',
      command: ['sh', '-c', 'trap "exit 7" USR1; echo ready; while :; do sleep 0.05; done'],
      stopSignal: 'SIGUSR1',
    })
    await host.manager.start(trap.id)
    for await (const { line } of host.manager.logs(trap.id, { stdout: true, follow: true })) {
      expect(line.toString()).toBe('ready\n')
      break
    }
    expect(await host.manager.stop(trap.id)).toBe(true)
    expect(host.manager.get(trap.id).state.exitCode).toBe(7)
    expect(await host.manager.stop(trap.id)).toBe(false)

    const stubborn = await host.manager.create({
      image: 'busybox',
      command: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done'],
    })
    await host.manager.start(stubborn.id)
    const began = Date.now()
    await host.manager.stop(stubborn.id, { timeoutSeconds: 1 })
    expect(Date.now() - began).toBeGreaterThan(950)
    expect(host.manager.get(stubborn.id).state.exitCode).toBe(137)
    await host.manager.remove(trap.id)
    await host.manager.remove(stubborn.id)
  })

  it('refuses what does not fit the state', async () => {
    const { id } = await host.manager.create({ image: 'busybox', command: ['sleep', '60'] }, { name: 'states' })
    await expect(host.manager.kill(id)).rejects.toMatchObject({ code: 'conflict' })
    await expect(host.manager.pause(id)).rejects.toMatchObject({ code: 'conflict' })
    await expect(host.manager.create({ image: 'busybox' }, { name: 'states' })).rejects.toMatchObject({
      code: 'already-exists',
      details: { holder: id },
    })
    expect(await host.manager.start('states')).toBe(true)
    expect(await host.manager.start('states')).toBe(false)
    await expect(host.manager.remove(id)).rejects.toMatchObject({ code: 'conflict' })
    await expect(host.manager.kill(id, 'SIGFOO')).rejects.toMatchObject({ code: 'invalid-argument' })
    await host.manager.pause(id)
    expect(host.manager.get(id).state.status).toBe('paused')
    await expect(host.manager.pause(id)).rejects.toMatchObject({ code: 'conflict' })
    await expect(host.manager.start(id)).rejects.toMatchObject({ code: 'conflict' })
    await host.manager.unpause(id)
    await host.manager.rename(id, 'renamed')
    expect(host.manager.get('/renamed').id).toBe(id)
    expect(() => host.manager.get('states')).toThrow(/No such container/)
    expect(host.manager.get(id.slice(0, 9)).id).toBe(id)
    await host.manager.remove(id, { force: true })
  })

  it('kills what is paused, and removes it', async () => {
    const { id } = await host.manager.create({ image: 'busybox', command: ['sleep', '60'] })
    await host.manager.start(id)
    await host.manager.pause(id)
    const ended = host.manager.wait(id)
    await host.manager.kill(id)
    expect(await ended).toEqual({ exitCode: 137 })
    await host.manager.start(id)
    await host.manager.pause(id)
    await host.manager.remove(id, { force: true })
    expect(() => host.manager.get(id)).toThrow(/No such container/)
  })

  it('removes itself also when it cannot be started', async () => {
    const { id } = await host.manager.create({ image: 'busybox', command: ['/nope'], autoRemove: true })
    const removed = host.manager.wait(id, 'removed')
    await expect(host.manager.start(id)).rejects.toMatchObject({ code: 'invalid-argument', details: { exitCode: 127 } })
    expect(await removed).toMatchObject({ exitCode: 127 })
    expect(() => host.manager.get(id)).toThrow(/No such container/)
  })

  it('removes itself when asked to, with its anonymous volumes', async () => {
    const { id } = await host.manager.create({
      image: 'busybox',
      command: ['true'],
      autoRemove: true,
      volumes: ['/anon'],
      mounts: [{ type: 'volume', name: 'kept', target: '/kept' }],
    })
    const anonymous = host.manager.get(id).mounts.find(({ destination }) => destination === '/anon')?.name ?? ''
    expect((await host.volumes.volumes.get(anonymous)).references).toHaveLength(1)
    const removed = host.manager.wait(id, 'removed')
    await host.manager.start(id)
    expect(await removed).toEqual({ exitCode: 0 })
    expect(await host.volumes.volumes.find(anonymous)).toBeUndefined()
    expect((await host.volumes.volumes.get('kept')).references).toEqual([])
  })

  it('tells its life as events, in order', async () => {
    const seen: string[] = []
    const names = [
      'container.created',
      'container.started',
      'container.killed',
      'container.died',
      'container.stopped',
      'container.removed',
    ] as const
    const listeners = names.map((name) => [name, () => seen.push(name)] as const)
    for (const [name, listener] of listeners) host.manager.events.on(name, listener)
    const { id } = await host.manager.create({ image: 'busybox', command: ['sleep', '60'] })
    await host.manager.start(id)
    await host.manager.stop(id, { timeoutSeconds: 0 })
    await host.manager.remove(id)
    for (const [name, listener] of listeners) host.manager.events.off(name, listener)
    expect(seen).toEqual([...names])
  })
})

describe('what a container sees', () => {
  it('has the user, the groups and the environment that Docker would give it', async () => {
    const { stdout } = await host.run(
      ['sh', '-c', 'id -u; id -g; id -G; pwd; echo $HOME $FROM_IMAGE $MINE; hostname'],
      {
        user: 'app',
        workingDir: '/data',
        env: ['MINE=yes'],
        hostname: 'box',
        groupAdd: ['3003'],
      },
    )
    expect(stdout.split('\n')).toEqual(['1000', '1001', '1001 2002 3003', '/data', '/home/app 1 yes', 'box', ''])
    const { id } = await host.manager.create({ image: 'busybox', command: ['true'], user: 'nobody-here' })
    await expect(host.manager.start(id)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: /unable to find user nobody-here/,
    })
    await host.manager.remove(id)
  })

  it('mounts binds, tmpfs and volumes, read-only where asked', async () => {
    const source = host.directory('bind-source')
    writeFileSync(join(source, 'file'), 'from the host')
    const missing = join(host.home, 'made', 'at-start')
    const { stdout, exitCode } = await host.run(
      [
        'sh',
        '-c',
        'cat /b/file; echo; touch /b/x 2>/dev/null && echo wrote; touch /made/y && echo made; touch /t/z && grep " /t " /proc/mounts; mkdir /ro 2>/dev/null && echo rw-root; true',
      ],
      {
        readonlyRootfs: true,
        mounts: [
          { type: 'bind', source, target: '/b', readOnly: true },
          { type: 'bind', source: missing, target: '/made', createSource: true },
          { type: 'tmpfs', target: '/t', sizeBytes: 65536 },
        ],
      },
    )
    expect(exitCode).toBe(0)
    const [file, made, tmpfs, end] = stdout.split('\n')
    expect([file, made, end]).toEqual(['from the host', 'made', ''])
    expect(tmpfs).toMatch(/size=64k/)
    expect(existsSync(join(missing, 'y'))).toBe(true)
    await expect(
      host.manager.create({ image: 'busybox', mounts: [{ type: 'bind', source: '/no/such/source', target: '/x' }] }),
    ).rejects.toMatchObject({ code: 'invalid-argument', message: /bind source path does not exist/ })
  })

  it('shares a named volume with the next container and keeps it from being removed', async () => {
    const mounts = [{ type: 'volume', name: 'shared', target: '/v' } as const]
    const first = await host.run(['sh', '-c', 'echo written > /v/file'], { mounts })
    await expect(host.volumes.volumes.remove('shared')).rejects.toMatchObject({
      code: 'in-use',
      details: { holders: [first.id] },
    })
    const second = await host.run(['cat', '/v/file'], { mounts })
    expect(second.stdout).toBe('written\n')
    for (const { id } of [first, second]) await host.manager.remove(id, { volumes: true })
    await host.volumes.volumes.remove('shared')
  })

  it('is confined: capabilities, seccomp, masked paths, limits', async () => {
    const { stdout } = await host.run(
      [
        'sh',
        '-c',
        'grep -E "^(CapEff|Seccomp):" /proc/self/status; mount -t tmpfs x /tmp 2>/dev/null || echo no-mount; wc -c < /proc/keys; echo x > /proc/sys/vm/swappiness 2>/dev/null || echo no-sysctl; cat /proc/self/cgroup | grep -c pouch-',
      ],
      {
        resources: { memoryBytes: 32 * 1024 * 1024, pidsLimit: 50 },
      },
    )
    const lines = stdout.split('\n')
    expect(lines.slice(0, 5)).toEqual(['CapEff:\t00000000a80425fb', 'Seccomp:\t2', 'no-mount', '0', 'no-sysctl'])
    expect(Number(lines[5])).toBeGreaterThan(0)
  })

  it('gives tini the first process when asked', async () => {
    const { stdout } = await host.run(['sh', '-c', 'tr "\\0" " " < /proc/1/cmdline'], { init: true })
    expect(stdout).toContain('/sbin/docker-init -- sh -c')
  })

  it('reports an out-of-memory kill', async () => {
    const { id } = await host.manager.create({
      image: 'busybox',
      command: ['sh', '-c', 'x=a; while :; do x=$x$x; done'],
      resources: { memoryBytes: 8 * 1024 * 1024 },
    })
    const exit = host.manager.wait(id, 'next-exit')
    await host.manager.start(id)
    expect(await exit).toEqual({ exitCode: 137 })
    expect(host.manager.get(id).state.oomKilled).toBe(true)
    await host.manager.remove(id)
  })
})

describe('what create leaves when it fails', () => {
  it('is nothing', async () => {
    const mounts = () =>
      readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(host.home))
    const before = mounts()
    mkdirSync(join(host.home, 'containers'), { recursive: true })
    await expect(
      host.manager.create(
        { image: 'busybox', mounts: [{ type: 'volume', name: 'volume-x', driver: 'nope', target: '/x' }] },
        { name: 'failed' },
      ),
    ).rejects.toMatchObject({ code: 'not-found' })
    await expect(host.manager.create({ image: 'no-such' }, { name: 'failed' })).rejects.toMatchObject({
      code: 'not-found',
    })
    const { id } = await host.manager.create({ image: 'busybox' }, { name: 'failed' })
    await host.manager.remove(id)
    expect(mounts()).toEqual(before)
    expect((await host.client.containers.list()).map((container) => container.id)).not.toContain(id)
  })
})

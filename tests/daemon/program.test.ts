import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RunningPouchd, repository } from '../running-pouchd.js'

const program = join(repository, 'packages/daemon/bin/pouchd.js')
let folder: string
let daemon: RunningPouchd | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pouchd-program-'))
})
afterEach(async () => {
  await daemon?.remove()
  daemon = undefined
  rmSync(folder, { recursive: true, force: true })
})

const pouchd = (...args: string[]) =>
  spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', timeout: 20_000 })

async function runningContainer(of: RunningPouchd): Promise<string> {
  await of.loadBusybox()
  const body = { Image: 'busybox', Cmd: ['sleep', '300'], HostConfig: { NetworkMode: 'none' } }
  const { Id } = (await of.request('POST', '/v1.43/containers/create', body)).json<{ Id: string }>()
  expect((await of.request('POST', `/v1.43/containers/${Id}/start`)).status).toBe(204)
  return Id
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`)

describe('pouchd', () => {
  it('prints help and version, and refuses bad settings with the reason and nothing else', () => {
    expect(pouchd('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--home-dir DIR') })
    expect(pouchd('--version').stdout).toMatch(/^pouchd \d+\.\d+\.\d+\n$/)
    writeFileSync(join(folder, 'config.json'), '{"home":"x"}')
    for (const args of [
      ['--nope'],
      ['--config-file', join(folder, 'config.json')],
      ['-l', 'relative.sock'],
      ['--group', 'no-such-group'],
    ]) {
      const { status, stderr } = pouchd('--home-dir', join(folder, 'home'), ...args)
      expect([status, stderr]).toEqual([1, expect.stringMatching(/^pouchd: [^\n]+\n$/)])
    }
    expect(existsSync(join(folder, 'home'))).toBe(false)
  })

  it('says that a home is taken, and that a socket is', async () => {
    daemon = await RunningPouchd.start()
    const sameHome = pouchd('--home-dir', daemon.home, '-l', `unix://${folder}/other.sock`)
    expect([sameHome.status, sameHome.stderr]).toEqual([1, expect.stringContaining('pouch.db')])
    const sameSocket = pouchd('--home-dir', join(folder, 'home'), '-l', daemon.address)
    expect([sameSocket.status, sameSocket.stderr]).toEqual([
      1,
      expect.stringContaining('another process answers there'),
    ])
    expect(existsSync(join(folder, 'home/containerd/process.json'))).toBe(false)
    expect((await daemon.request('GET', '/_ping')).text).toBe('OK')
  })

  it('makes its home and its socket for root alone, and logs JSON', async () => {
    daemon = await RunningPouchd.start({ args: ['--log-level', 'debug', '--group', '0'] })
    expect(statSync(daemon.home).mode & 0o777).toBe(0o710)
    const socket = statSync(daemon.socket)
    expect([socket.mode & 0o777, socket.uid, socket.gid]).toEqual([0o660, 0, 0])
    const lines = daemon.log.trim().split('\n')
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number), msg: expect.any(String) })
  })

  it('leaves containers running when it is told to stop, and finds them again', async () => {
    const pidfile = join(folder, 'pouchd.pid')
    daemon = await RunningPouchd.start({ args: ['--pidfile', pidfile] })
    expect(readFileSync(pidfile, 'utf8')).toBe(`${daemon.pid}\n`)
    const id = await runningContainer(daemon)
    const { State } = (await daemon.request('GET', `/v1.43/containers/${id}/json`)).json<{ State: { Pid: number } }>()
    expect(await daemon.stop()).toBe(0)
    expect([existsSync(pidfile), existsSync(daemon.socket), isAlive(State.Pid)]).toEqual([false, false, true])
    await daemon.start()
    const again = (await daemon.request('GET', `/v1.43/containers/${id}/json`)).json<{
      State: { Pid: number; Status: string }
    }>()
    expect(again.State).toMatchObject({ Pid: State.Pid, Status: 'running' })
    expect((await daemon.request('DELETE', `/v1.43/containers/${id}?force=1`)).status).toBe(204)
  })

  it('stops its containerd only when no container runs', async () => {
    daemon = await RunningPouchd.start()
    const socket = join(daemon.home, 'containerd/containerd.sock')
    const id = await runningContainer(daemon)
    expect(await daemon.stop()).toBe(0)
    expect(existsSync(socket)).toBe(true)
    await daemon.start()
    expect((await daemon.request('DELETE', `/v1.43/containers/${id}?force=1`)).status).toBe(204)
    expect(await daemon.stop()).toBe(0)
    expect(existsSync(socket)).toBe(false)
  })

  it('stops its containerd when it refuses to start, unless a container runs', async () => {
    daemon = await RunningPouchd.start()
    const record = join(daemon.home, 'containerd/process.json')
    const id = await runningContainer(daemon)
    const { State } = (await daemon.request('GET', `/v1.43/containers/${id}/json`)).json<{ State: { Pid: number } }>()
    expect(await daemon.stop()).toBe(0)
    const config = join(folder, 'config.json')
    writeFileSync(config, '{"drivers":[{"package":"nobody"}]}')
    chmodSync(config, 0o666)
    const refuse = (home: string) =>
      pouchd('--home-dir', home, '-l', `unix://${folder}/d.sock`, '--config-file', config)
    expect(refuse(daemon.home).status).toBe(1)
    expect([existsSync(record), isAlive(State.Pid)]).toEqual([true, true])
    await daemon.start()
    expect((await daemon.request('DELETE', `/v1.43/containers/${id}?force=1`)).status).toBe(204)
    expect(await daemon.stop()).toBe(0)
    const { status, stderr } = refuse(daemon.home)
    expect([status, stderr]).toEqual([1, expect.stringContaining('config.json')])
    expect(existsSync(record)).toBe(false)
  })

  it('ends streams and lets requests in flight end before it does', async () => {
    daemon = await RunningPouchd.start()
    const id = await runningContainer(daemon)
    const events = daemon.request('GET', '/v1.43/events')
    const logs = daemon.request('GET', `/v1.43/containers/${id}/logs?follow=1&stdout=1`)
    // sleep takes no SIGTERM as process 1: this one takes its two seconds.
    const stopping = daemon.request('POST', `/v1.43/containers/${id}/stop?t=2`)
    await delay(300)
    const [code, ...answers] = await Promise.all([daemon.stop(), events, logs, stopping])
    expect([code, ...answers.map(({ status }) => status)]).toEqual([0, 200, 200, 204])
    await daemon.start()
    const { State } = (await daemon.request('GET', `/v1.43/containers/${id}/json`)).json<{ State: object }>()
    expect(State).toMatchObject({ Status: 'exited', ExitCode: 137 })
  })

  it('ends at once at the second signal', async () => {
    daemon = await RunningPouchd.start()
    const id = await runningContainer(daemon)
    const stopping = daemon.request('POST', `/v1.43/containers/${id}/stop?t=20`).catch((error: Error) => error)
    await delay(200)
    process.kill(daemon.pid, 'SIGTERM')
    await delay(200)
    expect(isAlive(daemon.pid)).toBe(true)
    process.kill(daemon.pid, 'SIGINT')
    await expect.poll(() => daemon?.isRunning, { timeout: 10_000 }).toBe(false)
    expect(await stopping).toBeInstanceOf(Error)
  })

  it('tells systemd when it is ready and when it stops', async () => {
    const socket = join(folder, 'notify.sock')
    const script = [
      'use Socket; $| = 1; socket(my $s, PF_UNIX, SOCK_DGRAM, 0);',
      `bind($s, pack_sockaddr_un('${socket}')) or die; print "up\\n"; my $m;`,
      'while (defined(recv($s, $m, 4096, 0))) { print "$m\\n" }',
    ].join(' ')
    // Node has no unix datagrams; perl is part of every Debian.
    const receiver = spawn('perl', ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    let heard = ''
    receiver.stdout.on('data', (data) => {
      heard += data
    })
    try {
      await expect.poll(() => heard).toContain('up\n')
      const env = { ...process.env, NOTIFY_SOCKET: socket }
      const args = ['--home-dir', join(folder, 'home'), '-l', `unix://${folder}/d.sock`]
      const child = spawn(process.execPath, [program, ...args], { env, stdio: 'ignore' })
      await expect.poll(() => heard, { timeout: 15_000 }).toContain('READY=1')
      expect(existsSync(join(folder, 'd.sock'))).toBe(true)
      child.kill('SIGTERM')
      await once(child, 'exit')
      expect(heard).toMatch(/READY=1[\s\S]*STOPPING=1/)
    } finally {
      receiver.kill()
    }
  })
})

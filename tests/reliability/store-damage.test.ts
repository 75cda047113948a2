import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { sweep } from '../../scripts/demo/sweep.mjs'
import { CommandLine, type Outcome } from '../command-line.js'
import { RunningPouchd, repository } from '../running-pouchd.js'

const pageBytes = 4096
const pouchd = new CommandLine([process.execPath, join(repository, 'packages/daemon/bin/pouchd.js')], {})

/** The program `pouchd`, and what becomes of it when its store is damaged or its disk fails. */
describe('pouchd and a store that', () => {
  let daemon: RunningPouchd | undefined
  const folders: string[] = []

  afterEach(async () => {
    await daemon?.remove()
    daemon = undefined
    for (const folder of folders.splice(0)) await sweep(folder)
  })

  const running = (): RunningPouchd => {
    if (daemon === undefined) throw new Error('no pouchd was started')
    return daemon
  }

  async function create(name: string): Promise<number> {
    const { status } = await running().request('POST', '/v1.43/volumes/create', { Name: name })
    return status
  }

  async function volumes(): Promise<readonly string[]> {
    const answer = await running().request('GET', '/v1.43/volumes')
    expect(answer.status, answer.text).toBe(200)
    return answer
      .json<{ Volumes: { Name: string }[] }>()
      .Volumes.map(({ Name }) => Name)
      .sort()
  }

  const task = (...words: string[]): Promise<Outcome> =>
    pouchd.run(['--home-dir', running().home, '--listen', running().address, ...words])

  it('is damaged: it does not start, the way out works, and what volumes hold stays', {
    timeout: 120_000,
  }, async () => {
    daemon = await RunningPouchd.start()
    const names = Array.from({ length: 200 }, (_, index) => `v${String(index).padStart(3, '0')}`)
    for (const name of names) expect(await create(name)).toBe(201)
    const { Mountpoint } = (await daemon.request('GET', '/v1.43/volumes/v007')).json<{ Mountpoint: string }>()
    writeFileSync(join(Mountpoint, 'content'), 'of v007')
    const backup = join(daemon.folder, 'backup.db')
    expect(await task('--backup', backup)).toMatchObject({ code: 0, stderr: '' })
    expect(await create('after-the-backup')).toBe(201)
    const check = await task('--check')
    expect([check.code, check.stderr]).toEqual([1, expect.stringMatching(/is open in process \d+/)])
    await daemon.stop()

    const path = join(daemon.home, 'pouch.db')
    const file = readFileSync(path)
    file.fill(0xa5, 5 * pageBytes, 7 * pageBytes)
    writeFileSync(path, file)
    await expect(daemon.start()).rejects.toThrow(/ended with code 1:.*pouchd --restore.*pouchd --repair/s)
    const damaged = await task('--check')
    expect([damaged.code, damaged.stdout.toString()]).toEqual([2, expect.stringMatching(/damaged.*SQLite says/s)])
    const repaired = await task('--repair')
    expect([repaired.code, repaired.stderr]).toEqual([2, ''])
    const lost = [...repaired.stdout.toString().matchAll(/^ {2}volume\/(\S+)$/gm)].map(([, name]) => name)
    await daemon.start()
    expect([...(await volumes()), ...lost].sort()).toEqual(['after-the-backup', ...names].sort())
    await daemon.stop()

    expect(await task('--restore', backup)).toMatchObject({ code: 0, stderr: '' })
    expect((await task('--check')).stdout.toString()).toMatch(/nothing is wrong .*200 volumes/)
    await daemon.start()
    expect(await volumes()).toEqual(names)
    expect(readFileSync(join(Mountpoint, 'content'), 'utf8')).toBe('of v007')
  })

  it('cannot be made durable: nothing is acknowledged until the next start, and nothing is lost', {
    timeout: 60_000,
  }, async () => {
    daemon = await RunningPouchd.start()
    expect(await create('before')).toBe(201)
    const endInjection = await failFsyncs(daemon.pid, join(daemon.home, 'pouch.db-wal'))
    try {
      expect(await create('unknown')).toBe(500)
      expect(await create('refused')).toBe(503)
      expect((await daemon.request('DELETE', '/v1.43/volumes/before')).status).toBe(503)
      expect(await volumes()).toContain('before')
    } finally {
      await endInjection()
    }
    expect(await create('refused'), 'the disk is well again, but what is on it is not known').toBe(503)
    expect(await task('--backup', join(daemon.folder, 'backup.db'))).toMatchObject({ code: 0 })
    await daemon.kill()
    await daemon.start()
    const left = await volumes()
    expect(left).toContain('before')
    expect(left).not.toContain('refused')
    expect(await create('refused')).toBe(201)
  })

  it('is on a disk that is full, or read-only: what is there is shown, and it goes on', {
    timeout: 60_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pouch-test-'))
    folders.push(folder)
    const home = join(folder, 'home')
    mkdirSync(home)
    mount('-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', home)
    daemon = await RunningPouchd.start({ home })
    expect(await create('before')).toBe(201)
    expect(() => writeFileSync(join(home, 'ballast'), Buffer.alloc(64 * 1024 * 1024))).toThrow(/ENOSPC/)
    expect(await create('no-room')).toBe(507)
    expect(await volumes()).toEqual(['before'])
    rmSync(join(home, 'ballast'))
    expect(await create('room')).toBe(201)
    await daemon.stop()
    mount('-o', 'remount,ro', home)
    await expect(daemon.start()).rejects.toThrow(/ended with code 1:.*(EROFS|read-only)/s)
    expect((await task('--check')).stdout.toString()).toMatch(/nothing is wrong .*2 volumes/)
    mount('-o', 'remount,rw', home)
    await daemon.start()
    expect(await volumes()).toEqual(['before', 'room'])
  })
})

function mount(...args: string[]): void {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${stderr}`)
}

/** Has every fsync of a file by a running process fail with EIO. @returns what ends that */
async function failFsyncs(pid: number, path: string): Promise<() => Promise<void>> {
  const inject = ['-e', 'trace=fsync,fdatasync', '--inject=fsync,fdatasync:error=EIO']
  const strace = spawn('strace', ['-f', '-o', '/dev/null', '-P', path, ...inject, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(strace, 'exit')
  for await (const line of strace.stderr) {
    if (String(line).includes('attached')) break
    throw new Error(`strace: ${String(line)}`)
  }
  return async () => {
    strace.kill('SIGINT')
    await ended
  }
}

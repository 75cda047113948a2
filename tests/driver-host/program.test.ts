import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CommandLine, type RunningCommand } from '../command-line.js'
import { repository } from '../running-pouchd.js'

const program = join(repository, 'packages/driver-host/bin/pouch-volume-plugin.js')
const plugin = new CommandLine([process.execPath, program], { NODE_NO_WARNINGS: '1' })

describe('pouch-volume-plugin, told nothing that runs', () => {
  const run = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    return [status, stdout, stderr]
  }

  it('prints help and version', () => {
    expect(run('--help')).toEqual([0, expect.stringContaining('Usage: pouch-volume-plugin --driver NAME'), ''])
    expect(run('--version')).toEqual([0, expect.stringMatching(/^pouch-volume-plugin \d+\.\d+\.\d+\n$/), ''])
  })

  it.each(['pouch-volume-plugin', 'pouch-volume-check', 'pouchd', 'pouch'])(
    'a clone has %s where npx looks',
    (name) => {
      const linked = join(repository, 'node_modules/.bin', name)
      const { status, stdout } = spawnSync(linked, ['--help'], { encoding: 'utf8', timeout: 20_000 })
      expect([status, stdout]).toEqual([0, expect.stringContaining(`Usage: ${name} `)])
    },
  )

  it('ends with 1 and one line when it cannot start', () => {
    expect(run()).toEqual([1, '', expect.stringMatching(/^pouch-volume-plugin: --driver: [^\n]+\n$/)])
    expect(run('--driver', 'nosuch')).toEqual([
      1,
      '',
      expect.stringMatching(/^pouch-volume-plugin: [^\n]*'nosuch'[^\n]+\n$/),
    ])
    const home = join(program, 'home')
    const nowhere = ['--home', home, '--socket', join(program, 'plugin.sock')]
    expect(run('--driver', 'local', ...nowhere)).toEqual([1, '', expect.stringContaining(home)])
  })
})

describe('pouch-volume-plugin, running', () => {
  let folder: string
  let running: RunningCommand
  let socket: string
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pouch-host-'))
    socket = join(folder, 'plugin.sock')
    running = plugin.begin('--driver', 'local', '--home', join(folder, 'home'), '--socket', socket)
    await answers(socket)
  })
  afterEach(async () => {
    running.kill('SIGKILL')
    await running.ended
    rmSync(folder, { recursive: true, force: true })
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('stops in order at %s', async (signal) => {
    running.kill(signal)
    const { code, stderr } = await running.ended
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string; plugin: string })
    expect([code, lines.at(-1)]).toEqual([
      0,
      expect.objectContaining({ msg: 'the volume plugin has stopped', plugin: 'pouch-local' }),
    ])
    expect(existsSync(socket)).toBe(false)
  })

  it('starts again on the same socket after it was killed', async () => {
    running.kill('SIGKILL')
    await running.ended
    expect(existsSync(socket)).toBe(true)
    running = plugin.begin('--driver', 'local', '--home', join(folder, 'home'), '--socket', socket)
    await answers(socket)
    running.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
  })
})

describe('pouch-volume-check', () => {
  const check = new CommandLine([process.execPath, program.replace('-plugin.js', '-check.js')], {})
  let folder: string
  let running: RunningCommand | undefined
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pouch-host-'))
  })
  afterEach(async () => {
    running?.kill('SIGTERM')
    await running?.ended
    rmSync(folder, { recursive: true, force: true })
  })

  it.each([
    ['local', []],
    ['tmpfs', ['--volatile']],
  ])(
    'finds nothing wrong with %s as pouch-volume-plugin serves it',
    async (driver, more) => {
      const socket = join(folder, 'plugin.sock')
      running = plugin.begin('--driver', driver, '--home', join(folder, 'home'), '--socket', socket)
      await answers(socket)
      const { code, stdout } = await check.run(['--socket', socket, ...more], { timeoutMs: 90_000 })
      expect([stdout.toString().match(/^ {2}FAIL.*/gm), code]).toEqual([null, 0])
      expect(stdout.toString()).toMatch(/\nAll \d+ checks passed\.\n$/)
    },
    120_000,
  )
})

async function answers(path: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await new Promise((next) => setTimeout(next, 20))) {
    const isThere = await new Promise<boolean>((resolve) => {
      const connection = connect(path)
      connection.once('connect', () => resolve(true)).once('error', () => resolve(false))
      connection.once('connect', () => connection.destroy())
    })
    if (isThere) return
  }
  throw new Error(`nobody answers on ${path}`)
}

describe('pouch-volume-plugin under systemd', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pouch-host-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('serves the socket that it is handed, and leaves it in place', async () => {
    const socket = join(folder, 'handed.sock')
    const activate = new CommandLine(['systemd-socket-activate', `--listen=${socket}`, process.execPath, program], {
      NODE_NO_WARNINGS: '1',
    })
    const home = join(folder, 'home')
    const running = activate.begin('--driver', 'local', '--home', home, '--socket', join(folder, 'unused.sock'))
    try {
      await answers(socket)
      expect(JSON.parse(await post(socket, '/Plugin.Activate'))).toEqual({ Implements: ['VolumeDriver'] })
      running.kill('SIGTERM')
      expect((await running.ended).code).toBe(0)
      expect([existsSync(socket), existsSync(join(folder, 'unused.sock'))]).toEqual([true, false])
    } finally {
      running.kill('SIGKILL')
      await running.ended
    }
  })

  it('has units that systemd takes', () => {
    for (const kind of ['service', 'socket']) {
      cpSync(join(repository, `packaging/pouch-volume-plugin@.${kind}`), join(folder, `pouch-volume-plugin@.${kind}`))
    }
    const units = ['service', 'socket'].map((kind) => join(folder, `pouch-volume-plugin@local.${kind}`))
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], { encoding: 'utf8' })
    expect([status, stderr.split('\n').filter((line) => line.includes('pouch-volume-plugin'))]).toEqual([0, []])
  })
})

async function post(socketPath: string, path: string): Promise<string> {
  const sent = request({ method: 'POST', socketPath, path, agent: false }).end()
  const [reply] = (await once(sent, 'response')) as [IncomingMessage]
  return await text(reply)
}

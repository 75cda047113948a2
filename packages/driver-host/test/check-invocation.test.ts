import { afterEach, describe, expect, it, vi } from 'vitest'
import { parseCheckInvocation } from '../src/check/check-invocation.js'
import { runVolumeCheck } from '../src/index.js'
import { FlawedPlugin } from './support/flawed-plugin.js'

describe('the command line of pouch-volume-check', () => {
  it('needs a socket alone', () => {
    expect(parseCheckInvocation(['--socket', '/run/x.sock'])).toEqual({
      kind: 'run',
      socket: '/run/x.sock',
      options: {},
      namePrefix: undefined,
      timeoutMs: 30_000,
      isDurable: true,
      only: '',
      isJson: false,
    })
  })

  it('takes everything else', () => {
    const flags = [
      '--option',
      'a=b=c',
      '--option',
      'd=',
      '--name-prefix',
      'me-',
      '--timeout',
      '5',
      '--volatile',
      '--json',
    ]
    expect(parseCheckInvocation(['--socket', '/run/x.sock', ...flags])).toMatchObject({
      options: { a: 'b=c', d: '' },
      namePrefix: 'me-',
      timeoutMs: 5000,
      isDurable: false,
      isJson: true,
    })
    expect(parseCheckInvocation(['-h'])).toEqual({ kind: 'help' })
    expect(parseCheckInvocation(['--version'])).toEqual({ kind: 'version' })
  })

  it.each([
    [[], '--socket'],
    [['--socket', ''], '--socket'],
    [['--socket', 'x', '--option', 'y'], 'KEY=VALUE'],
    [['--socket', 'x', '--name-prefix', '../'], '--name-prefix'],
    [['--socket', 'x', '--timeout', '0'], '--timeout'],
    [['--socket', 'x', '--fast'], '--fast'],
    [['x'], 'x'],
  ])('refuses %j', (args, message) => {
    expect(() => parseCheckInvocation(args)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) as string }),
    )
  })
})

describe('the program', () => {
  let plugin: FlawedPlugin | undefined
  afterEach(async () => {
    vi.restoreAllMocks()
    process.exitCode = undefined
    await plugin?.stop()
  })

  async function outputOf(...args: string[]): Promise<{ out: string; err: string; status: unknown }> {
    const texts = { out: '', err: '' }
    const into = (stream: 'out' | 'err') => (text: string | Uint8Array) => {
      texts[stream] += String(text)
      return true
    }
    vi.spyOn(process.stdout, 'write').mockImplementation(into('out'))
    vi.spyOn(process.stderr, 'write').mockImplementation(into('err'))
    await runVolumeCheck(['node', 'pouch-volume-check', ...args])
    return { ...texts, status: process.exitCode }
  }

  it('says in words what is wrong and what to do, and ends with 1', async () => {
    plugin = await FlawedPlugin.start('keeps IDs as a set')
    const { out, status } = await outputOf('--socket', plugin.socket, '--only', 'ID')
    expect(status).toBe(1)
    expect(out).toMatch(/^ {2}ok {4}keeps a volume mounted until its last ID is unmounted$/m)
    expect(out).toMatch(
      /^ {2}FAIL {2}counts the mounts of an ID\n {8}after two Mounts.*\n {8}What to do: Count the Mounts of each ID/m,
    )
    expect(out).toMatch(/^\d+ checks: \d+ passed, \d+ failed\.$/m)
  })

  it('says it in JSON, one object a line, and ends with 0 when all is well', async () => {
    plugin = await FlawedPlugin.start()
    const { out, status } = await outputOf('--socket', plugin.socket, '--json', '--only', 'mount')
    expect(status).toBe(0)
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines[0]).toEqual({ title: 'mounts at a directory of this host, and Path agrees', passed: true })
    expect(lines.at(-1)).toEqual({ checks: lines.length - 1, passed: lines.length - 1, failed: 0, notRun: 0 })
  })

  it('ends with 2 when there is nothing to check', async () => {
    const { err, status } = await outputOf('--socket', '/no/such.sock')
    expect(status).toBe(2)
    expect(err).toMatch(/^pouch-volume-check: the plugin gave no answer/)
  })
})

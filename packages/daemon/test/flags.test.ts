import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { helpText, parseInvocation } from '../src/flags.js'
import type { Settings } from '../src/settings.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pouchd-flags-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function settings(...args: string[]): Settings {
  const invocation = parseInvocation(args)
  if (invocation.kind !== 'run') throw new Error(`it is ${invocation.kind}`)
  return invocation.settings
}

function config(value: unknown): string {
  const path = join(folder, 'config.json')
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}

describe('the command line', () => {
  it('has the documented defaults', () => {
    expect(settings()).toMatchObject({
      homeDir: '/var/lib/pouch',
      listen: ['unix:///var/run/pouchd.sock'],
      namespace: 'pouch',
      store: 'sqlite',
      insecure: false,
      logLevel: 'info',
      containerd: undefined,
      group: undefined,
    })
  })

  it('takes each flag, and addresses repeatedly', () => {
    const got = settings(
      '--home-dir',
      '/h',
      '-l',
      'unix:///a.sock',
      '--listen=tcp://127.0.0.1:0',
      '--insecure',
      '--group',
      'adm',
      '--store',
      'memory',
    )
    expect(got).toMatchObject({
      homeDir: '/h',
      listen: ['unix:///a.sock', 'tcp://127.0.0.1:0'],
      insecure: true,
      group: 'adm',
      store: 'memory',
    })
  })

  it.each([
    [['--nope'], /--nope/],
    [['stray'], /stray/],
    [['--home-dir'], /home-dir/],
    [['--home-dir', ''], /--home-dir is empty/],
    [['--log-level', 'loud'], /--log-level is 'loud': it can be debug, info, warn, error/],
    [['--store', 'floppy'], /--store is 'floppy'/],
  ])('refuses %j', (args, message) => {
    expect(() => parseInvocation(args)).toThrow(message)
  })

  it('knows help and version, and the help names every flag', () => {
    expect(parseInvocation(['-h'])).toEqual({ kind: 'help' })
    expect(parseInvocation(['--version'])).toEqual({ kind: 'version' })
    for (const flag of [
      '--home-dir',
      '-l, --listen',
      '--group',
      '--containerd',
      '--namespace',
      '--config-file',
      '--log-level',
      '--pidfile',
      '--insecure',
    ]) {
      expect(helpText()).toContain(flag)
    }
  })
})

describe('the configuration file', () => {
  it('gives what flags do not, and flags win', () => {
    const path = config({
      'home-dir': '/from/file',
      'log-level': 'debug',
      listen: ['unix:///file.sock'],
      insecure: true,
    })
    expect(settings('--config-file', path)).toMatchObject({
      homeDir: '/from/file',
      logLevel: 'debug',
      listen: ['unix:///file.sock'],
      insecure: true,
    })
    expect(settings('--config-file', path, '--home-dir', '/flag', '-l', '/flag.sock')).toMatchObject({
      homeDir: '/flag',
      logLevel: 'debug',
      listen: ['/flag.sock'],
    })
  })

  it('names drivers with their options, which are looked for beside it', () => {
    const path = config({ drivers: [{ package: '@acme/pouch-volume-x', options: { depth: 1 } }] })
    expect(settings('--config-file', path).drivers).toEqual([
      { package: '@acme/pouch-volume-x', name: undefined, options: { depth: 1 }, declaredIn: path },
    ])
    expect(settings('--config-file', relative(process.cwd(), path)).drivers[0]?.declaredIn).toBe(path)
    expect(settings().drivers).toEqual([])
  })

  it.each<[unknown, RegExp]>([
    [{ drivers: [{ package: '../x' }] }, /'drivers\[0\]\.package' has to be the name of a package/],
    [{ 'home-dirr': '/x' }, /'home-dirr' is not a setting; there are home-dir, /],
    [{ homeDir: '/x' }, /'homeDir' is not a setting/],
    [{ listen: 'unix:///x' }, /'listen' has to be a list of strings/],
    [{ insecure: 'yes' }, /'insecure' has to be true or false/],
    [{ 'home-dir': 5 }, /'home-dir' has to be a string/],
    [{ 'log-level': 'loud' }, /--log-level is 'loud'/],
    [[], /has to be a JSON object/],
    ['{', /is not JSON/],
  ])('refuses %j', (value, message) => {
    const path = config(value)
    expect(() => parseInvocation(['--config-file', path])).toThrow(message)
  })

  it('says which file is missing', () => {
    expect(() => parseInvocation(['--config-file', join(folder, 'none.json')])).toThrow(
      /cannot read the configuration file.*none\.json/,
    )
  })
})

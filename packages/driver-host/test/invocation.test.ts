import { PouchError } from '@pouch/errors'
import { describe, expect, it } from 'vitest'
import { helpText, parseInvocation } from '../src/invocation.js'

const settingsOf = (...args: string[]) => {
  const invocation = parseInvocation(args)
  if (invocation.kind !== 'run') throw new Error(`it is ${invocation.kind}`)
  return invocation.settings
}

function refusal(...args: string[]): string {
  try {
    parseInvocation(args)
  } catch (error) {
    expect(PouchError.from(error).code).toBe('invalid-argument')
    return PouchError.from(error).message
  }
  throw new Error(`${args.join(' ')} was taken`)
}

describe('the command line of pouch-volume-plugin', () => {
  it('needs a driver alone', () => {
    expect(settingsOf('--driver', 'local')).toEqual({
      driver: 'local',
      driverOptions: {},
      configFile: undefined,
      name: 'pouch-local',
      homeDir: '/var/lib/pouch-volume-plugin/pouch-local',
      socket: '/run/docker/plugins/pouch-local.sock',
      store: 'sqlite',
      specDir: undefined,
      forgetMounts: false,
      logLevel: 'info',
    })
  })

  it('takes everything else', () => {
    const where = [
      '--name',
      'fast',
      '--home',
      '/srv/fast',
      '--socket',
      '/run/fast.sock',
      '--spec',
      '--spec-dir',
      '/specs',
    ]
    const how = ['--store', 'memory', '--forget-mounts', '--log-level', 'debug']
    const options = ['--driver-option', 'root=/srv/a=b', '--driver-option', 'size=']
    expect(settingsOf('--driver', 'tmpfs', ...where, ...how, ...options)).toEqual({
      driver: 'tmpfs',
      driverOptions: { root: '/srv/a=b', size: '' },
      configFile: undefined,
      name: 'fast',
      homeDir: '/srv/fast',
      socket: '/run/fast.sock',
      store: 'memory',
      specDir: '/specs',
      forgetMounts: true,
      logLevel: 'debug',
    })
    expect(settingsOf('--driver', 'x', '--config-file', '/etc/pouch.json').configFile).toBe('/etc/pouch.json')
    expect(settingsOf('--driver', 'local', '--spec').specDir).toBe('/etc/docker/plugins')
  })

  it('names what is wrong', () => {
    expect(refusal()).toContain('--driver')
    expect(refusal('--driver', '')).toContain('--driver: it is empty')
    expect(refusal('--driver', 'local', '--nosuch')).toContain('--nosuch')
    expect(refusal('--driver', 'local', 'word')).toContain('word')
    expect(refusal('--driver', 'local', '--name', '../x')).toContain("'../x' cannot be a plugin's name")
    expect(refusal('--driver', 'local', '--name', 'local')).toContain('Docker has a driver')
    expect(refusal('--driver', 'local', '--store', 'etcd')).toContain('sqlite, memory')
    expect(refusal('--driver', 'local', '--log-level', 'loud')).toContain('--log-level')
    expect(refusal('--driver', 'local', '--driver-option', 'root')).toContain("'root' is not KEY=VALUE")
    expect(refusal('--driver', 'local', '--driver-option', 'a=1', '--driver-option', 'a=2')).toContain(
      'a is given twice',
    )
    expect(refusal('--driver', 'x', '--config-file', '/c.json', '--driver-option', 'a=1')).toContain(
      'in the file /c.json',
    )
    expect(refusal('--driver', 'local', '--spec-dir', '/specs')).toContain('--spec')
  })

  it('gives help and version before everything else', () => {
    expect(parseInvocation(['--help', '--driver', 'nosuch'])).toEqual({ kind: 'help' })
    expect(parseInvocation(['--version'])).toEqual({ kind: 'version' })
    const help = helpText()
    for (const flag of ['--driver NAME', '--driver-option KEY=VALUE', '--spec', '-h, --help'])
      expect(help).toContain(flag)
    for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(140)
  })
})

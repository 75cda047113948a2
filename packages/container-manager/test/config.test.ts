import { describe, expect, it } from 'vitest'
import { completeConfig, mergeEnv } from '../src/config/merge.js'
import { planMounts } from '../src/config/mount-plan.js'
import { checkConfigShape } from '../src/config/shape.js'
import { validateConfig } from '../src/config/validate.js'
import { checkName, generateName } from '../src/container-name.js'
import type { ContainerConfig } from '../src/index.js'
import { signalNumber } from '../src/signals.js'
import type { HostLimits } from '../src/spec/host-limits.js'

const host: HostLimits = {
  capabilities: ['CAP_CHOWN', 'CAP_NET_ADMIN'],
  rlimits: { RLIMIT_NOFILE: { soft: 1024, hard: 20000 } },
  oomScoreAdjMin: 0,
  cgroupVersion: 1,
  controllers: ['memory', 'cpu', 'cpuset', 'pids', 'blkio'],
  cpus: 2,
  swapLimit: true,
}
const image = {
  config: {
    Env: ['PATH=/bin', 'A=image'],
    Entrypoint: ['/entry'],
    Cmd: ['arg'],
    User: 'app',
    Labels: { a: 'image', b: 'image' },
    Volumes: { '/data': {} },
    StopSignal: 'SIGINT',
  },
}
const id = 'f'.repeat(64)
const complete = (config: Partial<ContainerConfig>) => completeConfig({ image: 'x', ...config }, image, id, host)
const check = (config: Partial<ContainerConfig>) => {
  const whole = { image: 'x', ...config }
  checkConfigShape(whole)
  const completed = completeConfig(whole, image, id, host)
  planMounts(completed)
  return validateConfig(completed, host)
}

describe('a configuration and its image', () => {
  it('merge by Docker’s rules', () => {
    expect(complete({})).toMatchObject({
      entrypoint: ['/entry'],
      command: ['arg'],
      user: 'app',
      stopSignal: 'SIGINT',
      hostname: 'ffffffffffff',
      volumes: ['/data'],
    })
    expect(complete({ command: ['mine'] })).toMatchObject({ entrypoint: ['/entry'], command: ['mine'] })
    expect(complete({ entrypoint: ['/mine'] }).command).toBeUndefined()
    expect(complete({ entrypoint: [''], command: ['mine'] })).toMatchObject({
      entrypoint: undefined,
      command: ['mine'],
    })
    expect(complete({ labels: { b: 'mine' } }).labels).toEqual({ a: 'image', b: 'mine' })
    expect(complete({ volumes: ['/more'] }).volumes).toEqual(['/data', '/more'])
    expect(complete({ openStdin: true }).stdinOnce).toBe(true)
    expect(complete({ openStdin: true, stdinOnce: false }).stdinOnce).toBe(false)
  })

  it('merge the environment by name, and take a bare name away', () => {
    expect(mergeEnv(['A=1', 'B=2', 'C=3'], ['B=mine', 'C', 'D='])).toEqual(['A=1', 'B=mine', 'D='])
  })
})

describe('what is refused', () => {
  const refusals: [string, Partial<ContainerConfig> | object, RegExp, string?][] = [
    ['an unknown field', { nope: 1 }, /unknown field 'nope'/],
    ['a wrong type', { env: 'A=1' }, /'env' in the configuration is not a list of strings/],
    ['a NUL', { env: ['A=\0'] }, /NUL/],
    ['a relative directory', { workingDir: 'x' }, /needs to be an absolute path/],
    ['a bad variable', { env: ['=x'] }, /invalid environment variable: =x/],
    ['little memory', { resources: { memoryBytes: 1000 } }, /Minimum memory limit allowed is 6MB/],
    ['swap without memory', { resources: { memorySwapBytes: 10_000_000 } }, /You should always set the Memory limit/],
    ['too many processors', { resources: { nanoCpus: 9e9 } }, /Range of CPUs is from 0.01 to 2.00/],
    ['a bad set of processors', { resources: { cpusetCpus: 'x' } }, /Invalid value x for cpusetCpus/],
    ['an unknown capability', { capAdd: ['NOPE'] }, /unknown capability: "CAP_NOPE"/],
    ['an unknown signal', { stopSignal: 'SIGFOO' }, /Invalid signal: SIGFOO/],
    ['an unknown log driver', { logConfig: { type: 'syslog' } }, /known are json-file and none/],
    ['an unknown log option', { logConfig: { type: 'json-file', options: { foo: 'bar' } } }, /unknown log opt 'foo'/],
    ['an unknown security option', { securityOpt: ['foo'] }, /invalid --security-opt 1: "foo"/],
    ['an unknown restart policy', { restartPolicy: { name: 'foo' } }, /invalid restart policy 'foo'/],
    [
      'two mounts on one target',
      {
        mounts: [
          { type: 'tmpfs', target: '/a/' },
          { type: 'volume', target: '/a' },
        ],
      },
      /Duplicate mount point: \/a/,
    ],
    [
      'a tmpfs on a mount',
      { mounts: [{ type: 'volume', target: '/a' }], tmpfs: { '/a': '' } },
      /Duplicate mount point: \/a/,
    ],
    ['a mount on the root', { mounts: [{ type: 'volume', target: '/x/..' }] }, /destination can't be '\/'/],
    ['a relative target', { mounts: [{ type: 'volume', target: 'x' }] }, /mount path must be absolute/],
    ['an unknown mount', { mounts: [{ type: 'nope', target: '/x' }] }, /mount type unknown/],
    ['a published port', { publishedPorts: { '80/tcp': [{ hostPort: '80' }] } }, /published ports/, 'unsupported'],
    ['another network', { networkMode: 'mine' }, /network 'mine' is not supported/, 'unsupported'],
    ['another restart policy', { restartPolicy: { name: 'always' } }, /not supported in this version/, 'unsupported'],
    ['a profile of AppArmor', { securityOpt: ['apparmor=mine'] }, /not supported/, 'unsupported'],
    ['another pid namespace', { pidMode: 'container:x' }, /pidMode/, 'unsupported'],
  ]
  for (const [what, config, message, code = 'invalid-argument'] of refusals) {
    it(what, () => {
      expect(() => check(config as Partial<ContainerConfig>)).toThrow(message)
      expect(() => check(config as Partial<ContainerConfig>)).toThrow(expect.objectContaining({ code }))
    })
  }
})

describe('what is allowed with a warning', () => {
  it('a network that means none, a capability and a score that cannot be had', () => {
    expect(check({ networkMode: 'none' })).toEqual([])
    expect(check({})).toEqual([])
    expect(check({ networkMode: 'default' })).toEqual([])
    expect(check({ networkMode: 'bridge' })).toEqual([expect.stringContaining("'bridge' means 'none'")])
    expect(check({ networkMode: 'host', capAdd: ['SYS_BOOT'] })).toEqual([
      expect.stringContaining('CAP_SYS_BOOT was not added'),
    ])
    expect(check({ networkMode: 'host', resources: { oomScoreAdj: -500 } })).toEqual([
      expect.stringContaining('raised to 0'),
    ])
  })
})

describe('mounts', () => {
  it('get an anonymous volume for each target that nothing is mounted on', () => {
    const plan = planMounts(
      complete({
        volumes: ['/a', '/b/../b', '/t'],
        mounts: [{ type: 'bind', source: '/x//y/', target: '/a' }],
        tmpfs: { '/t': '' },
      }),
    )
    expect(plan.volumes.map(({ target, name, mode }) => [target, name, mode])).toEqual([
      ['/data', undefined, ''],
      ['/b', undefined, ''],
    ])
    expect(plan.binds).toMatchObject([{ source: '/x/y', target: '/a', propagation: 'rprivate' }])
  })
})

describe('names and signals', () => {
  it('keep to Docker’s grammar', () => {
    expect(checkName('/ab.c_d-1')).toBe('ab.c_d-1')
    for (const name of ['a', 'a b', '../x', '-a', 'x'.repeat(201), 'a/b'])
      expect(() => checkName(name)).toThrow(/Invalid container name/)
    expect(generateName(0)).toMatch(/^[a-z]+_[a-z]+$/)
    expect(generateName(9)).toMatch(/^[a-z]+_[a-z]+\d+$/)
  })

  it('are known by name and number', () => {
    expect(['TERM', 'sigkill', '15', 9, 'SIGRTMIN+3', 'RTMAX-1', 'CLD'].map(signalNumber)).toEqual([
      15, 9, 15, 9, 37, 63, 17,
    ])
    for (const signal of ['SIGFOO', '999', '0', 'RTMIN+31', 'RTMIN-1', '', 'constructor'])
      expect(() => signalNumber(signal)).toThrow(/signal/)
  })
})

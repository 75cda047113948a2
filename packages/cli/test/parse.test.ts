import { describe, expect, it } from 'vitest'
import { parseEnvFile, parseEnvFlag } from '../src/parse/env.js'
import { parseFilterFlags } from '../src/parse/filter-flag.js'
import { parseLabels, parseOptions } from '../src/parse/key-value.js'
import { parseMoment } from '../src/parse/moment.js'
import { parseMountFlag } from '../src/parse/mount-flag.js'
import { parseExpose, parsePublishFlags } from '../src/parse/publish-flag.js'
import { parseCpus, parseIntFlag, parseSizeFlag } from '../src/parse/quantity.js'
import { parseDevice, parseRestart, parseUlimit } from '../src/parse/resource-flags.js'
import { parseTmpfsFlag, parseVolumeFlag } from '../src/parse/volume-flag.js'

const refused = expect.objectContaining({ code: 'invalid-argument' })
const cwd = '/home/me'

describe('--mount', () => {
  it.each([
    ['type=volume,source=v,target=/d', { Type: 'volume', Source: 'v', Target: '/d' }],
    ['src=v,dst=/d', { Type: 'volume', Source: 'v', Target: '/d' }],
    ['target=/d', { Type: 'volume', Target: '/d' }],
    ['type=bind,src=/h,destination=/d,ro', { Type: 'bind', Source: '/h', Target: '/d', ReadOnly: true }],
    ['type=bind,src=.,dst=/d,readonly=false', { Type: 'bind', Source: '/home/me', Target: '/d', ReadOnly: false }],
    ['type=bind,src=../x,dst=/d,readonly=1', { Type: 'bind', Source: '/home/x', Target: '/d', ReadOnly: true }],
    [
      'TYPE=Bind,SRC=/h,DST=/d,bind-propagation=rshared',
      { Type: 'bind', Source: '/h', Target: '/d', BindOptions: { Propagation: 'rshared' } },
    ],
    [
      'type=bind,src=/h,dst=/d,bind-recursive=disabled',
      { Type: 'bind', Source: '/h', Target: '/d', BindOptions: { NonRecursive: true } },
    ],
    [
      'type=bind,src=/h,dst=/d,bind-recursive=enabled,consistency=cached',
      { Type: 'bind', Source: '/h', Target: '/d', Consistency: 'cached' },
    ],
    [
      'type=bind,src=/h,dst=/d,bind-create-src',
      { Type: 'bind', Source: '/h', Target: '/d', BindOptions: { CreateMountpoint: true } },
    ],
    [
      'type=tmpfs,dst=/d,tmpfs-size=1m,tmpfs-mode=1777',
      { Type: 'tmpfs', Target: '/d', TmpfsOptions: { SizeBytes: 1048576, Mode: 0o1777 } },
    ],
    [
      'src=v,dst=/d,volume-nocopy,volume-driver=tmpfs,volume-opt=size=1m,volume-opt=mode=700,volume-label=a=b,volume-label=c',
      {
        Type: 'volume',
        Source: 'v',
        Target: '/d',
        VolumeOptions: {
          NoCopy: true,
          Labels: { a: 'b', c: '' },
          DriverConfig: { Name: 'tmpfs', Options: { size: '1m', mode: '700' } },
        },
      },
    ],
    [
      'src=v,dst=/d,"volume-opt=o=addr=1.2.3.4,rw"',
      {
        Type: 'volume',
        Source: 'v',
        Target: '/d',
        VolumeOptions: { DriverConfig: { Options: { o: 'addr=1.2.3.4,rw' } } },
      },
    ],
    [
      'type=bind,"src=/with ""quotes"", and comma",dst=/d',
      { Type: 'bind', Source: '/with "quotes", and comma', Target: '/d' },
    ],
  ])('%s', (text, mount) => expect(parseMountFlag(text, cwd)).toEqual(mount))

  it.each([
    ['', 'unknown key'],
    ['type=nfs,dst=/d', 'type is one of'],
    ['type=volume,src=v', 'target is missing'],
    ['dst=rel', 'not an absolute path'],
    ['type=bind,dst=/d', 'source is missing'],
    ['type=tmpfs,src=/x,dst=/d', 'a tmpfs has no source'],
    ['type=bind,src=/h,dst=/d,volume-nocopy', 'volume-* keys do not go with type=bind'],
    ['dst=/d,tmpfs-size=1m', 'tmpfs-* keys do not go with type=volume'],
    ['dst=/d,bogus=1', "unknown key 'bogus'"],
    ['dst=/d,ro=maybe', 'readonly is true or false'],
    ['dst=/d, ro', 'has a space'],
    ['src= v,dst=/d', 'has a space'],
    ['type=bind,src=/h,dst=/d,bind-recursive=readonly', 'bind-recursive is one of'],
    ['type=bind,src=/h,dst=/d,bind-propagation=x', 'bind-propagation is one of'],
    ['type=tmpfs,dst=/d,tmpfs-mode=999', 'not octal'],
    ['type=tmpfs,dst=/d,tmpfs-size=0', 'size'],
    ['dst=/d,"src=v', 'not closed'],
    ['dst=/d,src=a"b', 'quote'],
  ])('%s is refused', (text, why) => {
    expect(() => parseMountFlag(text, cwd)).toThrow(refused)
    expect(() => parseMountFlag(text, cwd)).toThrow(why)
  })
})

describe('-v', () => {
  it.each([
    ['/d', { kind: 'anonymous', target: '/d' }],
    ['name:/d', { kind: 'bind', spec: 'name:/d' }],
    ['name:/d:ro,nocopy', { kind: 'bind', spec: 'name:/d:ro,nocopy' }],
    ['/h:/d:rshared', { kind: 'bind', spec: '/h:/d:rshared' }],
    ['./x:/d', { kind: 'bind', spec: '/home/me/x:/d' }],
    ['..:/d:', { kind: 'bind', spec: '/home:/d' }],
  ])('%s', (text, volume) => expect(parseVolumeFlag(text, cwd)).toEqual(volume))
  it.each(['', 'name', ':/d', 'a:rel', 'a:/b:ro:x', '/b:ro'])('%j is refused', (text) =>
    expect(() => parseVolumeFlag(text, cwd)).toThrow(refused),
  )

  it('--tmpfs', () => {
    expect([parseTmpfsFlag('/t'), parseTmpfsFlag('/t:size=1m,mode=700')]).toEqual([
      ['/t', ''],
      ['/t', 'size=1m,mode=700'],
    ])
    expect(() => parseTmpfsFlag('t')).toThrow(refused)
  })
})

describe('environment', () => {
  const env = { HOME: '/root', EMPTY: '' }
  it.each([
    ['A=1', 'A=1'],
    ['A=', 'A='],
    ['A=b=c', 'A=b=c'],
    ['HOME', 'HOME=/root'],
    ['EMPTY', 'EMPTY='],
    ['GONE', 'GONE'],
  ])('-e %s', (text, expected) => expect(parseEnvFlag(text, env)).toBe(expected))
  it.each(['', '=x'])('-e %j is refused', (text) => expect(() => parseEnvFlag(text, env)).toThrow(refused))

  it('--env-file', () => {
    expect(parseEnvFile('\uFEFFA=1\r\n# no\n\n  B="q" \nHOME\nGONE\nC=\n', 'f', env)).toEqual([
      'A=1',
      'B="q" ',
      'HOME=/root',
      'C=',
    ])
    expect(() => parseEnvFile('A=1\nB B=2', 'f', env)).toThrow('f:2')
    expect(() => parseEnvFile('=2', 'f', env)).toThrow(refused)
  })
})

describe('pairs', () => {
  it('labels and options', () => {
    expect(parseLabels(['a=b', 'c', 'a=z', 'd=e=f'])).toEqual({ a: 'z', c: '', d: 'e=f' })
    expect(parseOptions(['mount=/mnt/x', 'o=size=1m'], '-o')).toEqual({ mount: '/mnt/x', o: 'size=1m' })
    for (const text of ['a', '=b', '']) expect(() => parseOptions([text], '-o')).toThrow('key=value')
    expect(() => parseLabels(['=b'])).toThrow(refused)
  })

  it('filters', () => {
    expect(parseFilterFlags(['label=a=b', 'Label=c', 'name= x '])).toEqual({ label: ['a=b', 'c'], name: ['x'] })
    expect(() => parseFilterFlags(['name'])).toThrow(refused)
  })
})

describe('quantities', () => {
  it('sizes', () => {
    expect(['512m', '10g', '10GB', '1.5G', '4096', '0'].map((text) => parseSizeFlag('-m', text))).toEqual([
      536870912, 10737418240, 10737418240, 1610612736, 4096, 0,
    ])
    expect(parseSizeFlag('--memory-swap', '-1', true)).toBe(-1)
    for (const text of ['-1', 'x', '', '10x']) expect(() => parseSizeFlag('-m', text)).toThrow(refused)
  })

  it('numbers and CPUs', () => {
    expect([parseIntFlag('-t', '10'), parseIntFlag('-t', '-1', -1)]).toEqual([10, -1])
    for (const text of ['', '1.5', 'x', '-2']) expect(() => parseIntFlag('-t', text, -1)).toThrow(refused)
    expect(['2', '0.5', '.25', '1.000000001'].map(parseCpus)).toEqual([2e9, 5e8, 25e7, 1000000001])
    for (const text of ['', '.', '-1', 'x', '1.0000000001']) expect(() => parseCpus(text)).toThrow(refused)
  })

  it('limits, devices, restart policies', () => {
    expect([parseUlimit('nofile=10:20'), parseUlimit('core=-1')]).toEqual([
      { Name: 'nofile', Soft: 10, Hard: 20 },
      { Name: 'core', Soft: -1, Hard: -1 },
    ])
    for (const text of ['nofile', 'nofile=20:10', 'nofile=x', 'NOFILE=1', 'nofile=-1:5'])
      expect(() => parseUlimit(text)).toThrow(refused)
    expect(['/dev/a', '/dev/a:/dev/b', '/dev/a:rw', '/dev/a:/dev/b:r'].map(parseDevice)).toEqual([
      { PathOnHost: '/dev/a', PathInContainer: '/dev/a', CgroupPermissions: 'rwm' },
      { PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'rwm' },
      { PathOnHost: '/dev/a', PathInContainer: '/dev/a', CgroupPermissions: 'rw' },
      { PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'r' },
    ])
    for (const text of ['a', '/dev/a:b', '/dev/a:/dev/b:x', '/a:/b:r:w'])
      expect(() => parseDevice(text)).toThrow(refused)
    expect(['no', 'always', 'on-failure:3'].map(parseRestart)).toEqual([
      { Name: 'no', MaximumRetryCount: 0 },
      { Name: 'always', MaximumRetryCount: 0 },
      { Name: 'on-failure', MaximumRetryCount: 3 },
    ])
    for (const text of ['', 'foo', 'always:3', 'on-failure:-1', 'on-failure:x'])
      expect(() => parseRestart(text)).toThrow(refused)
  })
})

describe('ports', () => {
  it.each([
    ['80', { '80/tcp': [{ HostIp: '', HostPort: '' }] }],
    ['8080:80', { '80/tcp': [{ HostIp: '', HostPort: '8080' }] }],
    ['127.0.0.1:8080:80/udp', { '80/udp': [{ HostIp: '127.0.0.1', HostPort: '8080' }] }],
    ['127.0.0.1::80', { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] }],
    ['[::1]:1:2', { '2/tcp': [{ HostIp: '::1', HostPort: '1' }] }],
    ['7000-7001:80-81', { '80/tcp': [{ HostIp: '', HostPort: '7000' }], '81/tcp': [{ HostIp: '', HostPort: '7001' }] }],
  ])('-p %s', (text, bindings) => expect(parsePublishFlags([text])).toEqual(bindings))
  it.each(['', 'x', '80/xx', '1:2:3', '70000:80', '1-3:1-2', '9-1:80'])('-p %j is refused', (text) =>
    expect(() => parsePublishFlags([text])).toThrow(refused),
  )
  it('--expose', () => {
    expect([parseExpose('80'), parseExpose('90-91/udp')]).toEqual([['80/tcp'], ['90/udp', '91/udp']])
    expect(() => parseExpose('x')).toThrow(refused)
  })
})

describe('moments', () => {
  const now = Date.UTC(2026, 10, 21, 7, 0, 0)
  it.each([
    ['1795240753', '1795240753'],
    ['1795240753.000000001', '1795240753.000000001'],
    ['2026-11-21T06:00:00Z', '1795240800'],
    ['2026-11-21T07:00:00+01:00', '1795240800'],
    ['2026-11-21T06:00:00.123456789Z', '1795240800.123456789'],
    ['1h', '1795240800.000000000'],
    ['1h30m', '1795239000.000000000'],
  ])('%s', (text, seconds) => expect(parseMoment(text, '--since', now)).toBe(seconds))
  it.each(['', 'yesterday', '2026-13-01', '10 minutes'])('%j is refused', (text) =>
    expect(() => parseMoment(text, '--since', now)).toThrow(refused),
  )
})

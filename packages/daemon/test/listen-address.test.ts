import { describe, expect, it } from 'vitest'
import { hostName } from '../src/http/request-guard.js'
import { formatListenAddress, parseListenAddress } from '../src/listen-address.js'

describe('parseListenAddress', () => {
  it.each([
    ['unix:///var/run/pouchd.sock', { kind: 'unix', path: '/var/run/pouchd.sock' }],
    ['/run/x.sock', { kind: 'unix', path: '/run/x.sock' }],
    ['unix:///a/../b.sock', { kind: 'unix', path: '/b.sock' }],
    ['tcp://127.0.0.1:2375', { kind: 'tcp', host: '127.0.0.1', port: 2375 }],
    ['tcp://[::1]:0', { kind: 'tcp', host: '::1', port: 0 }],
    ['tcp://build.example.org:2376', { kind: 'tcp', host: 'build.example.org', port: 2376 }],
  ])('reads %s', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address)
  })

  it.each([
    '',
    'pouchd.sock',
    'unix://relative.sock',
    'unix:///',
    'tcp://:2375',
    'tcp://host',
    'tcp://host:99999',
    'tcp://::1:1',
    'http://x:1',
    `unix:///${'x'.repeat(120)}`,
  ])('refuses %j', (text) => {
    expect(() => parseListenAddress(text)).toThrow(/cannot listen on/)
  })

  it('prints what it reads', () => {
    for (const text of ['unix:///a.sock', 'tcp://[::1]:5', 'tcp://h:5'])
      expect(formatListenAddress(parseListenAddress(text))).toBe(text)
  })
})

describe('hostName', () => {
  it.each([
    ['localhost:2375', 'localhost'],
    ['LOCALHOST', 'localhost'],
    ['[::1]:80', '::1'],
    ['127.0.0.1', '127.0.0.1'],
    ['example.org.:80', 'example.org'],
    ['', ''],
    ['a:b:c', ''],
  ])('of %j is %j', (header, name) => {
    expect(hostName(header)).toBe(name)
  })
})

import { describe, expect, it } from 'vitest'
import { allowsHttp, endpointsOf } from '../src/registry/registry-endpoint.js'
import { parseChallenges } from '../src/registry/www-authenticate.js'

describe('the ways to a registry', () => {
  const origins = (domain: string, insecure: string[] = []) =>
    endpointsOf(domain, { insecure }).map((each) => each.origin)

  it.each([
    ['docker.io', ['https://registry-1.docker.io']],
    ['registry.example:5000', ['https://registry.example:5000']],
    ['127.0.0.1.example', ['https://127.0.0.1.example']],
    ['localhost.example:80', ['https://localhost.example:80']],
    ['10.0.0.1:5000', ['https://10.0.0.1:5000']],
    ['localhost:5000', ['https://localhost:5000', 'http://localhost:5000']],
    ['127.8.9.1:5000', ['https://127.8.9.1:5000', 'http://127.8.9.1:5000']],
    ['[::1]:5000', ['https://[::1]:5000', 'http://[::1]:5000']],
  ])('to %s: %j', (domain, expected) => {
    expect(origins(domain)).toEqual(expected)
  })

  it('may be plain http where that is listed, by host or by host and port', () => {
    expect(origins('lab.example:5000', ['lab.example:5000'])).toEqual([
      'https://lab.example:5000',
      'http://lab.example:5000',
    ])
    expect(origins('lab.example:5000', ['lab.example'])).toHaveLength(2)
    expect(origins('lab.example:5001', ['lab.example:5000'])).toHaveLength(1)
    expect(endpointsOf('lab.example', { insecure: ['lab.example'] })[0]?.verified).toBe(false)
    expect(endpointsOf('localhost', {})[0]?.verified).toBe(true)
    expect(allowsHttp('other.example', { insecure: ['lab.example'] })).toBe(false)
  })
})

it.each([
  ['Basic realm="x"', [['basic', { realm: 'x' }]]],
  [
    'Bearer realm="https://auth.example/token?a=b,c",service="reg",scope="repository:a/b:pull,push"',
    [['bearer', { realm: 'https://auth.example/token?a=b,c', service: 'reg', scope: 'repository:a/b:pull,push' }]],
  ],
  [
    'bearer REALM = "a\\"b" , error=invalid_token, Basic realm=y',
    [
      ['bearer', { realm: 'a"b', error: 'invalid_token' }],
      ['basic', { realm: 'y' }],
    ],
  ],
  [
    'Negotiate, Basic realm="x"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  ['', []],
  ['"garbage', []],
])('reads the challenge %s', (header, expected) => {
  expect(parseChallenges(header).map((each) => [each.scheme, Object.fromEntries(each.parameters)])).toEqual(expected)
})

import { hasCode } from '@pouch/errors'
import { describe, expect, it } from 'vitest'
import { parseReference } from '../src/index.js'

const sha = `sha256:${'a1'.repeat(32)}`
const sha512 = `sha512:${'b2'.repeat(64)}`

describe('parseReference', () => {
  it.each([
    ['busybox', 'docker.io', 'library/busybox', 'latest', 'busybox:latest', 'docker.io/library/busybox:latest'],
    ['busybox:1.36', 'docker.io', 'library/busybox', '1.36', 'busybox:1.36', 'docker.io/library/busybox:1.36'],
    ['team/app', 'docker.io', 'team/app', 'latest', 'team/app:latest', 'docker.io/team/app:latest'],
    ['library/x', 'docker.io', 'library/x', 'latest', 'x:latest', 'docker.io/library/x:latest'],
    [
      'docker.io/busybox',
      'docker.io',
      'library/busybox',
      'latest',
      'busybox:latest',
      'docker.io/library/busybox:latest',
    ],
    ['index.docker.io/a/b:c', 'docker.io', 'a/b', 'c', 'a/b:c', 'docker.io/a/b:c'],
    [
      'docker.io/library/a/b',
      'docker.io',
      'library/a/b',
      'latest',
      'library/a/b:latest',
      'docker.io/library/a/b:latest',
    ],
    ['localhost/app', 'localhost', 'app', 'latest', 'localhost/app:latest', 'localhost/app:latest'],
    ['localhost:5000/app:2', 'localhost:5000', 'app', '2', 'localhost:5000/app:2', 'localhost:5000/app:2'],
    ['host:5000/a', 'host:5000', 'a', 'latest', 'host:5000/a:latest', 'host:5000/a:latest'],
    ['r.example.com/a/b/c:d', 'r.example.com', 'a/b/c', 'd', 'r.example.com/a/b/c:d', 'r.example.com/a/b/c:d'],
    ['[::1]:5000/a:b', '[::1]:5000', 'a', 'b', '[::1]:5000/a:b', '[::1]:5000/a:b'],
    ['Host/a', 'Host', 'a', 'latest', 'Host/a:latest', 'Host/a:latest'],
    [
      'a-b/c__d/e.f_g--h:T_a.g-1',
      'docker.io',
      'a-b/c__d/e.f_g--h',
      'T_a.g-1',
      'a-b/c__d/e.f_g--h:T_a.g-1',
      'docker.io/a-b/c__d/e.f_g--h:T_a.g-1',
    ],
  ])('%s', (text, domain, path, tag, familiar, canonical) => {
    expect(parseReference(text)).toMatchObject({ domain, path, tag, digest: undefined, familiar, canonical })
  })

  it.each([
    [`busybox@${sha}`, undefined, sha, `busybox@${sha}`, `docker.io/library/busybox@${sha}`],
    [`busybox:1@${sha}`, '1', sha, `busybox:1@${sha}`, `docker.io/library/busybox@${sha}`],
    [`r.io/a/b@${sha512}`, undefined, sha512, `r.io/a/b@${sha512}`, `r.io/a/b@${sha512}`],
  ])('takes the digest of %s', (text, tag, digest, familiar, canonical) => {
    expect(parseReference(text)).toMatchObject({ tag, digest, familiar, canonical })
  })

  it.each([
    ['', 'invalid reference format'],
    ['Busybox', 'invalid reference format: repository name must be lowercase'],
    ['BAD x', 'invalid reference format: repository name must be lowercase'],
    ['a b', 'invalid reference format'],
    ['a:b c', 'invalid reference format'],
    [`a:${'t'.repeat(129)}`, 'invalid reference format'],
    ['a:', 'invalid reference format'],
    ['a:-x', 'invalid reference format'],
    ['/a', 'invalid reference format'],
    ['a/', 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['a/../b', 'invalid reference format'],
    ['../a', 'invalid reference format'],
    ['-a', 'invalid reference format'],
    ['a___b', 'invalid reference format'],
    ['a..b', 'invalid reference format'],
    ['a\0b', 'invalid reference format'],
    ['host:port/a', 'invalid reference format'],
    ['-host.x/a', 'invalid reference format'],
    ['http://host/a', 'invalid reference format'],
    ['a@sha256:abc', 'invalid reference format'],
    [`a@md5:${'a'.repeat(32)}`, 'invalid reference format'],
    [`a@${sha.toUpperCase()}`, 'invalid reference format'],
    [`a@${sha}@${sha}`, 'invalid reference format'],
    ['f'.repeat(64), 'cannot specify 64-byte hexadecimal strings'],
    [`h.io/${'a'.repeat(251)}`, 'must not be more than 255 characters'],
    ['a'.repeat(10_000), 'invalid reference format'],
  ])('refuses %j', (text, message) => {
    const parse = () => parseReference(text)
    expect(parse).toThrow(message)
    try {
      parse()
    } catch (error) {
      expect(hasCode(error, 'invalid-argument')).toBe(true)
    }
  })

  it('reads its own full form as itself', () => {
    for (const text of ['busybox', 'localhost:5000/a/b:c', `a/b@${sha}`, 'library/x:y']) {
      const { canonical, familiar } = parseReference(text)
      expect(parseReference(canonical).canonical).toBe(canonical)
      expect(parseReference(familiar).canonical).toBe(canonical)
    }
  })
})

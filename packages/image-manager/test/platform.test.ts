import { describe, expect, it } from 'vitest'
import { formatPlatform, hostPlatform, parsePlatform } from '../src/index.js'
import { parseManifest } from '../src/manifest.js'
import { mediaTypes } from '../src/media-types.js'
import { platformDistance } from '../src/platform.js'
import { chooseEntry } from '../src/platform-choice.js'

describe('parsePlatform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['LINUX/AARCH64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['linux/i386', 'linux/386'],
    ['arm64', 'linux/arm64'],
    ['windows/amd64', 'windows/amd64'],
    ['linux', formatPlatform(hostPlatform())],
  ])('%s is %s', (text, expected) => {
    expect(formatPlatform(parsePlatform(text))).toBe(expected)
  })

  it.each(['', 'a/b/c/d', 'linux/', 'linux/a b', '../x'])('refuses %j', (text) => {
    expect(() => parsePlatform(text)).toThrow('cannot parse platform specifier')
  })
})

it.each([
  ['linux/amd64', 'linux/amd64', 0],
  ['linux/arm/v7', 'linux/arm/v6', 1],
  ['linux/arm/v6', 'linux/arm/v7', undefined],
  ['linux/amd64', 'linux/arm64', undefined],
  ['linux/amd64', 'windows/amd64', undefined],
  ['linux/amd64', 'linux/amd64/v3', undefined],
  ['linux/amd64/v3', 'linux/amd64', 2],
])('%s runs %s: %s', (wanted, offered, distance) => {
  expect(platformDistance(parsePlatform(wanted), parsePlatform(offered))).toBe(distance)
})

describe('an index', () => {
  const entry = (letter: string, platform: object | undefined, annotations = {}) => ({
    mediaType: mediaTypes.ociManifest,
    digest: `sha256:${letter.repeat(64)}`,
    size: 1,
    platform,
    annotations,
  })
  const index = () => {
    const manifests = [
      entry('0', { os: 'unknown', architecture: 'unknown' }, { 'vnd.docker.reference.type': 'attestation-manifest' }),
      entry('5', { os: 'linux', architecture: 'arm', variant: 'v5' }),
      entry('7', { os: 'linux', architecture: 'arm', variant: 'v7' }),
      entry('6', { os: 'linux', architecture: 'arm', variant: 'v6' }),
      entry('8', { os: 'linux', architecture: 'arm64', variant: 'v8' }),
    ]
    const parsed = parseManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })), mediaTypes.ociIndex, 'i')
    if (parsed.kind !== 'index') throw new Error('not an index')
    return parsed
  }

  it.each([
    ['linux/arm/v7', '7'],
    ['linux/arm/v6', '6'],
    ['linux/arm/v8', '7'],
    ['linux/arm64', '8'],
  ])('gives %s its best manifest', (platform, letter) => {
    expect(chooseEntry(index(), parsePlatform(platform), 'x').digest).toBe(`sha256:${letter.repeat(64)}`)
  })

  it('says what it has when nothing fits', () => {
    expect(() => chooseEntry(index(), parsePlatform('linux/s390x'), 'x')).toThrow(
      'no matching manifest for linux/s390x in the manifest list entries of x: it has linux/arm/v5, linux/arm/v7, linux/arm/v6, linux/arm64/v8',
    )
  })
})

import { describe, expect, it } from 'vitest'
import { chainIds } from '../src/chain-id.js'
import { parseImageConfig } from '../src/image-config.js'
import { parseManifest } from '../src/manifest.js'
import { mediaTypes } from '../src/media-types.js'

const digest = (letter: string) => `sha256:${letter.repeat(64)}`
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const config = { mediaType: mediaTypes.dockerConfig, digest: digest('c'), size: 10 }
const layer = { mediaType: mediaTypes.dockerLayerGzip, digest: digest('1'), size: 20 }
const manifest = { schemaVersion: 2, mediaType: mediaTypes.dockerManifest, config, layers: [layer] }

describe('parseManifest', () => {
  it('reads a manifest and an index, of Docker and of OCI', () => {
    expect(parseManifest(bytes(manifest), mediaTypes.dockerManifest, 'm')).toEqual({
      kind: 'manifest',
      config,
      layers: [layer],
    })
    const oci = {
      schemaVersion: 2,
      config: { ...config, mediaType: mediaTypes.ociConfig },
      layers: [{ ...layer, mediaType: mediaTypes.ociLayerZstd }],
    }
    expect(parseManifest(bytes(oci), mediaTypes.ociManifest, 'm').kind).toBe('manifest')
    const entry = {
      ...layer,
      mediaType: mediaTypes.ociManifest,
      platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
    }
    const index = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [entry, { ...entry, platform: undefined }],
    }
    expect(parseManifest(bytes(index), '', 'm')).toEqual({
      kind: 'index',
      manifests: [entry, { ...entry, platform: undefined }],
    })
  })

  it.each([
    ['no JSON', '{', 'is not JSON'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe]).toString('latin1').concat('\ud800'), 'is not JSON'],
    ['an array', [], 'not a JSON object'],
    ['the first schema', { ...manifest, schemaVersion: 1 }, 'schemaVersion is 1'],
    ['a type that is not the announced one', { ...manifest, mediaType: mediaTypes.ociIndex }, 'calls itself'],
    ['a manifest and an index at once', { ...manifest, manifests: [] }, 'a manifest and an index at once'],
    ['no config', { ...manifest, config: undefined }, 'missing'],
    ['no layers', { ...manifest, layers: undefined }, 'no list of layers'],
    ['a bad digest', { ...manifest, layers: [{ ...layer, digest: 'sha256:../../x' }] }, 'which is not sha256'],
    [
      'a digest that cannot be stored',
      { ...manifest, layers: [{ ...layer, digest: `sha512:${'a'.repeat(128)}` }] },
      'which is not sha256',
    ],
    ['a negative size', { ...manifest, layers: [{ ...layer, size: -1 }] }, 'has the size -1'],
    ['a size past counting', { ...manifest, layers: [{ ...layer, size: 2 ** 60 }] }, 'has the size'],
    ['a large config', { ...manifest, config: { ...config, size: 5_000_000 } }, 'configuration is larger'],
    ['too many layers', { ...manifest, layers: Array.from({ length: 1025 }, () => layer) }, 'more than 1024 layers'],
    [
      'an artifact',
      { ...manifest, config: { ...config, mediaType: 'application/vnd.helm.config' } },
      'not a container image',
    ],
    [
      'a strange layer',
      { ...manifest, layers: [{ ...layer, mediaType: 'application/x-squashfs' }] },
      'cannot be unpacked',
    ],
  ])('refuses %s', (_name, document, message) => {
    expect(() => parseManifest(bytes(document), mediaTypes.dockerManifest, 'm')).toThrow(message)
  })

  it('refuses a type that it does not know', () => {
    expect(() => parseManifest(bytes({ schemaVersion: 2 }), 'text/html', 'm')).toThrow(
      'text/html, which is not a container image',
    )
  })
})

describe('parseImageConfig', () => {
  const good = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [digest('a')] } }

  it('drops nulls and what it does not know', () => {
    const read = parseImageConfig(
      bytes({ ...good, config: { Cmd: null, Env: ['A=b'], Odd: 1 }, history: null, container: 'x' }),
      'c',
    )
    expect(read).toEqual({ ...good, config: { Env: ['A=b'] }, history: [] })
  })

  it.each([
    ['no platform', { ...good, os: undefined }, 'names no platform'],
    ['a Cmd that is no list', { ...good, config: { Cmd: 'sh' } }, 'its Cmd is of the wrong type'],
    ['an Env of numbers', { ...good, config: { Env: [1] } }, 'its Env is of the wrong type'],
    ['Labels that are no words', { ...good, config: { Labels: { a: {} } } }, 'its Labels is of the wrong type'],
    ['a bad diffID', { ...good, rootfs: { type: 'layers', diff_ids: ['x'] } }, 'its rootfs is not'],
    ['no rootfs', { ...good, rootfs: undefined }, 'its rootfs is not'],
    ['a history that is no list', { ...good, history: {} }, 'its history is not'],
  ])('refuses %s', (_name, document, message) => {
    expect(() => parseImageConfig(bytes(document), 'c')).toThrow(message)
  })
})

// sha256 of "<first> <second>", reckoned with sha256sum.
it('names a chain of layers as containerd does', () => {
  expect(chainIds([])).toEqual([])
  expect(chainIds([digest('a'), digest('b')])).toEqual([
    digest('a'),
    'sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c',
  ])
})

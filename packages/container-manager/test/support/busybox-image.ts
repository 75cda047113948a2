import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ContainerdClient, Descriptor } from '@pouch/ctrd-client'
import { PouchError } from '@pouch/errors'
import type { ImageConfig, ImageSource, ResolvedImage } from '../../src/index.js'

const applets = [
  'sh',
  'cat',
  'echo',
  'sleep',
  'true',
  'false',
  'id',
  'stty',
  'wc',
  'dd',
  'head',
  'seq',
  'mount',
  'ls',
  'env',
  'kill',
  'ps',
  'touch',
  'stat',
  'yes',
  'hostname',
  'pwd',
  'tail',
  'test',
  'mkdir',
  'printf',
  'tr',
  'grep',
  'md5sum',
]

/** Makes the tree of a small root file system from the host's static busybox. */
export function makeRootfs(directory: string): void {
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'root', 'data', 'home/app'])
    mkdirSync(join(directory, name), { recursive: true })
  cpSync('/usr/bin/busybox', join(directory, 'bin/busybox'))
  chmodSync(join(directory, 'bin/busybox'), 0o755)
  for (const name of applets) symlinkSync('busybox', join(directory, 'bin', name))
  writeFileSync(join(directory, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\n')
  writeFileSync(join(directory, 'etc/group'), 'root:x:0:\napp:x:1001:\nextra:x:2002:app\n')
  writeFileSync(join(directory, 'etc/not-executable'), 'text\n')
}

/** An image source over containerd alone: images are made of a directory each. */
export class DirectoryImages implements ImageSource {
  readonly #client: ContainerdClient
  readonly #images = new Map<string, ResolvedImage>()

  constructor(client: ContainerdClient) {
    this.#client = client
  }

  /** Makes an image of one layer. */
  async add(name: string, directory: string, config: NonNullable<ImageConfig['config']> = {}): Promise<void> {
    const tar = spawn('tar', ['-C', directory, '--xattrs', '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const layer = await this.#client.content.write(tar.stdout, {
      ref: `layer-${name}`,
      labels: { 'containerd.io/gc.root': 'test' },
    })
    const descriptor: Descriptor = {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: layer.digest,
      size: layer.size,
    }
    const snapshots = this.#client.snapshots()
    const key = `unpack-${name}`
    const mounts = await snapshots.prepare(key, '', { labels: { 'containerd.io/gc.root': 'test' } })
    await this.#client.diffs.apply(descriptor, mounts)
    await snapshots.commit(layer.digest, key, { labels: { 'containerd.io/gc.root': 'test' } })
    const id = `sha256:${createHash('sha256')
      .update(JSON.stringify(config) + layer.digest)
      .digest('hex')}`
    this.#images.set(name, { id, references: [name], chainId: layer.digest, config: { config } })
  }

  async resolve(reference: string): Promise<ResolvedImage> {
    const image = this.#images.get(reference)
    if (image === undefined)
      throw new PouchError('not-found', `No such image: ${reference}:latest`, {
        op: 'image.resolve',
        subject: reference,
      })
    return image
  }

  async unpack(imageId: string): Promise<string> {
    for (const image of this.#images.values()) if (image.id === imageId) return image.chainId
    throw new PouchError('not-found', `No such image: ${imageId}`)
  }
}

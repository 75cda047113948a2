// A small image made of this host's static busybox, as a docker-archive, for `pouch load` and `docker load`.
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, createReadStream, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run } from '../setup/say.mjs'

const commands = [
  'sh',
  'cat',
  'echo',
  'sleep',
  'true',
  'false',
  'ls',
  'seq',
  'date',
  'wc',
  'head',
  'tail',
  'dd',
  'id',
  'mount',
  'stty',
  'env',
  'pwd',
  'hostname',
  'touch',
  'mkdir',
  'rm',
  'test',
  'grep',
  'sync',
  'df',
  'stat',
  'chmod',
  'chown',
  'kill',
  'ps',
  'yes',
  'sha256sum',
  'md5sum',
  'printf',
  'tr',
  'cut',
  'sort',
  'usleep',
  'trap',
  'free',
  'nproc',
  'whoami',
  'ln',
  'cp',
  'mv',
  'find',
]

/**
 * Writes `<folder>/busybox.tar`, an image that docker and pouch can load.
 *
 * @param {{ folder: string, busybox: string, reference: string }} options an empty folder, the binary, the tag
 * @returns {Promise<string>} the archive's path
 */
export async function makeBusyboxImage({ folder, busybox, reference }) {
  const rootfs = join(folder, 'rootfs')
  for (const path of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'root', 'var', 'run'])
    mkdirSync(join(rootfs, path), { recursive: true })
  chmodSync(join(rootfs, 'tmp'), 0o1777)
  copyFileSync(busybox, join(rootfs, 'bin/busybox'))
  chmodSync(join(rootfs, 'bin/busybox'), 0o755)
  for (const name of commands) symlinkSync('busybox', join(rootfs, 'bin', name))
  writeFileSync(join(rootfs, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n')
  writeFileSync(join(rootfs, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n')
  const image = join(folder, 'image')
  mkdirSync(image)
  await run(
    'tar',
    ['--sort=name', '--numeric-owner', '--owner=0', '--group=0', '-C', rootfs, '-cf', join(image, 'layer.tar'), '.'],
    { quiet: true },
  )
  const diffId = await sha256(join(image, 'layer.tar'))
  const config = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: new Date().toISOString(),
    config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] },
    history: [{ created: new Date().toISOString(), created_by: 'static busybox of the host' }],
  })
  const configName = `${createHash('sha256').update(config).digest('hex')}.json`
  writeFileSync(join(image, configName), config)
  writeFileSync(
    join(image, 'manifest.json'),
    JSON.stringify([{ Config: configName, RepoTags: [reference], Layers: ['layer.tar'] }]),
  )
  const archive = join(folder, 'busybox.tar')
  await run('tar', ['-C', image, '-cf', archive, 'manifest.json', configName, 'layer.tar'], { quiet: true })
  return archive
}

async function sha256(path) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

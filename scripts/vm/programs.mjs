// What is in the VM: this machine's own programs with their libraries, and modules of the kernel.
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run, SetupError } from '../setup/say.mjs'

/** Programs that are copied into the VM, beside Node and busybox. */
export const programs = [
  'mkfs.ext4',
  'mkfs.xfs',
  'mkfs.btrfs',
  'btrfs',
  'e2fsck',
  'resize2fs',
  'e2image',
  'tune2fs',
  'mount',
  'umount',
  'losetup',
  'setpriv',
  'fsfreeze',
]

/** Modules that the root image cannot be mounted without. */
export const bootModules = ['virtio_pci', 'virtio_blk', 'virtio_console', 'crc32c_generic', 'crc32c_intel', 'ext4']

/** Modules that the kernel asks for when they are needed. */
export const laterModules = ['quota_v2', 'xfs', 'btrfs', 'loop', 'overlay', 'fuse', 'nls_utf8']

const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** The path of a program of this machine; `undefined` when it is absent. */
export function findProgram(name) {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** Copies a program and the libraries that it is linked with into a root folder. */
export async function copyProgram(path, root, target = path) {
  copyInto(realpathSync(path), root, target)
  const { output } = await run('ldd', [path], { quiet: true, mayFail: true, env: { ...process.env, LC_ALL: 'C' } })
  for (const [, library] of output.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm))
    copyInto(realpathSync(library), root, library)
}

/** The files of modules and of those that they need, in the order of loading. */
export function moduleFiles(names, modules) {
  const wanted = new Set()
  const lines = readFileSync(join(modules, 'modules.dep'), 'utf8').trim().split('\n')
  const needs = new Map(
    lines.map((line) => (line.split(': ').length === 2 ? line.split(': ') : [line.replace(/:$/, ''), ''])),
  )
  const fileOf = (name) => [...needs.keys()].find((file) => file.endsWith(`/${name}.ko`))
  const add = (file) => {
    // modules.dep has the needs of a file from the nearest to the farthest.
    for (const need of needs.get(file)?.split(' ').filter(Boolean).reverse() ?? []) add(need)
    wanted.add(file)
  }
  for (const name of names) {
    const file = fileOf(name) ?? fileOf(name.replaceAll('_', '-'))
    if (file !== undefined) add(file)
    else if (!isBuiltIn(name, modules)) throw new SetupError(`the kernel has no module ${name}`)
  }
  return [...wanted]
}

function isBuiltIn(name, modules) {
  const builtIn = readFileSync(join(modules, 'modules.builtin'), 'utf8')
  return builtIn.includes(`/${name}.ko`) || builtIn.includes(`/${name.replaceAll('_', '-')}.ko`)
}

/** Copies one file into a root folder. */
export function copyInto(source, root, target) {
  const path = join(root, target)
  mkdirSync(dirname(path), { recursive: true })
  copyFileSync(source, path)
}

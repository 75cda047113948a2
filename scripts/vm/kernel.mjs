// Debian's kernel, unpacked beside the cache and never installed on this machine.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { staticBusybox } from '../setup/debian.mjs'
import { isRoot, run, SetupError } from '../setup/say.mjs'

/** The name of the package that holds the kernel: `linux-image-6.1.0-56-amd64`. */
export async function kernelPackage() {
  const listed = await listedKernel()
  if (listed !== undefined) return listed
  // A machine that had all packages already may have no lists of them.
  if (isRoot) await run('apt-get', ['update', '-qq'], { quiet: true, mayFail: true })
  const name = await listedKernel()
  if (name !== undefined) return name
  throw new SetupError(
    "the test VM takes Debian's kernel, and the package lists name no linux-image-amd64; run apt-get update",
  )
}

async function listedKernel() {
  const env = { ...process.env, LC_ALL: 'C' }
  const { output } = await run('apt-cache', ['depends', 'linux-image-amd64'], { quiet: true, mayFail: true, env })
  return /Depends: (linux-image-\S+-amd64)$/m.exec(output)?.[1]
}

/**
 * Downloads and unpacks a kernel.
 *
 * @returns {Promise<{ version: string, image: string, modules: string }>} paths of the kernel and of the folder of its modules
 */
export async function unpackKernel(name, cache) {
  const target = join(cache, name)
  if (!existsSync(target)) await download(name, target)
  const version = basename(readdirSync(join(target, 'lib/modules'))[0])
  const modules = join(target, 'lib/modules', version)
  const image = (await bareImage(join(target, `boot/vmlinuz-${version}`))) ?? join(target, `boot/vmlinuz-${version}`)
  return { version, image, modules }
}

async function download(name, target) {
  const work = `${target}.part`
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  await run('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', name], { quiet: true, cwd: work })
  const archive = readdirSync(work).find((file) => file.endsWith('.deb'))
  if (archive === undefined) throw new SetupError(`apt-get download ${name} left no package`)
  await run('dpkg-deb', ['-x', join(work, archive), work], { quiet: true })
  rmSync(join(work, archive))
  const version = readdirSync(join(work, 'lib/modules'))[0]
  dropDrivers(join(work, 'lib/modules', version, 'kernel'))
  await run('depmod', ['-b', work, version], { quiet: true })
  renameSync(work, target)
}

/** Nine tenths of the modules are for hardware that a VM has not. */
function dropDrivers(modules) {
  for (const name of ['sound', 'net']) rmSync(join(modules, name), { recursive: true, force: true })
  const wanted = ['block', 'virtio', 'char', 'md']
  for (const name of readdirSync(join(modules, 'drivers'))) {
    if (!wanted.includes(name)) rmSync(join(modules, 'drivers', name), { recursive: true })
  }
}

/** The kernel without its decompressor, which is slow where every instruction is translated. `undefined` where busybox cannot. */
async function bareImage(compressed) {
  const path = compressed.replace('vmlinuz', 'vmlinux')
  if (existsSync(path)) return path
  const data = readFileSync(compressed)
  // The boot protocol: the number of setup sectors, then offset and length of the payload behind them.
  const start = ((data[0x1f1] || 4) + 1) * 512 + data.readUInt32LE(0x248)
  const payload = data.subarray(start, start + data.readUInt32LE(0x24c))
  const work = `${path}.part`
  writeFileSync(`${work}.xz`, payload)
  await run(staticBusybox() ?? 'busybox', ['unxz', '-f', `${work}.xz`], { quiet: true, mayFail: true })
  rmSync(`${work}.xz`, { force: true })
  if (!existsSync(work) || readFileSync(work).readUInt32BE(0) !== 0x7f454c46) {
    rmSync(work, { force: true })
    return undefined
  }
  renameSync(work, path)
  return path
}

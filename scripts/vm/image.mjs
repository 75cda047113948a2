// The kernel, the initramfs and the root image of the test VM, made once and kept.
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { staticBusybox } from '../setup/debian.mjs'
import { root, run, SetupError, say } from '../setup/say.mjs'
import { cpio } from './cpio.mjs'
import { kernelPackage, unpackKernel } from './kernel.mjs'
import { bootModules, copyInto, copyProgram, findProgram, laterModules, moduleFiles, programs } from './programs.mjs'

const guest = join(import.meta.dirname, 'guest')
const imageBytes = 2 ** 30

/** Where images are kept: `POUCH_VM_CACHE`, or `.cache/vm` of the workspace. */
export const cacheFolder = process.env.POUCH_VM_CACHE ?? join(root, '.cache/vm')

/**
 * The image for this machine's programs; it is built where there is none.
 *
 * @returns {Promise<{ kernel: string, initramfs: string, rootImage: string }>}
 */
export async function vmImage() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError('the test VM runs on x86-64 Linux alone')
  }
  mkdirSync(cacheFolder, { recursive: true })
  const kernelName = newestKernel() ?? (await kernelPackage())
  const folder = join(cacheFolder, fingerprint(kernelName))
  if (!existsSync(folder)) await build(folder, kernelName)
  const { kernel } = JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8'))
  return { kernel, initramfs: join(folder, 'initramfs'), rootImage: join(folder, 'root.img') }
}

/** A kernel that is kept serves on: the package lists need not be asked again. */
function newestKernel() {
  const kept = readdirSync(cacheFolder).filter((name) => /^linux-image-.*-amd64$/.test(name))
  return kept.sort().at(-1)
}

/** Changes with the kernel, with Node and with the programs that are copied. */
function fingerprint(kernelName) {
  const hash = createHash('sha256').update(kernelName).update(process.version)
  for (const name of programs) {
    const path = findProgram(name)
    if (path === undefined) throw new SetupError(`the test VM takes ${name}, which is absent: npm run setup -- --tests`)
    const { size, mtimeMs } = statSync(path)
    hash.update(`${path} ${size} ${mtimeMs}\n`)
  }
  for (const file of [
    ...readdirSync(guest).map((name) => join(guest, name)),
    join(import.meta.dirname, 'programs.mjs'),
  ]) {
    hash.update(readFileSync(file))
  }
  return `image-${hash.digest('hex').slice(0, 16)}`
}

async function build(folder, kernelName) {
  const started = Date.now()
  const work = `${folder}.${process.pid}.part`
  try {
    const kernel = await unpackKernel(kernelName, cacheFolder)
    const stage = join(work, 'stage')
    await stageRoot(stage, kernel)
    await makeImage(stage, join(work, 'root.img'))
    rmSync(stage, { recursive: true })
    writeFileSync(join(work, 'initramfs'), initramfs(kernel))
    writeFileSync(join(work, 'facts.json'), JSON.stringify({ kernel: kernel.image }))
    for (const old of readdirSync(cacheFolder).filter((name) => /^image-[0-9a-f]+$/.test(name))) {
      rmSync(join(cacheFolder, old), { recursive: true })
    }
    renameSync(work, folder)
  } catch (error) {
    rmSync(work, { recursive: true, force: true })
    throw error
  }
  say(`  test VM (${kernelName}) built in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

async function stageRoot(stage, { version, modules }) {
  for (const place of ['proc', 'sys', 'dev', 'run', 'tmp', 'root', 'repo', 'mnt', 'etc', 'var/tmp']) {
    mkdirSync(join(stage, place), { recursive: true })
  }
  mkdirSync(join(stage, 'usr/bin'), { recursive: true })
  mkdirSync(join(stage, 'usr/sbin'))
  mkdirSync(join(stage, 'usr/lib'))
  mkdirSync(join(stage, 'usr/lib64'))
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(stage, name))
  writeFileSync(join(stage, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n')
  writeFileSync(join(stage, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n')
  copyInto(join(guest, 'init'), stage, 'sbin/init')
  chmodSync(join(stage, 'sbin/init'), 0o755)
  await stageBusybox(stage)
  for (const name of programs) await copyProgram(findProgram(name), stage)
  await copyProgram(process.execPath, stage, '/usr/local/bin/node')
  if (existsSync('/etc/mke2fs.conf')) copyInto('/etc/mke2fs.conf', stage, '/etc/mke2fs.conf')
  const target = join('/lib/modules', version)
  for (const file of moduleFiles([...bootModules, ...laterModules], modules)) {
    copyInto(join(modules, file), stage, join(target, file))
  }
  for (const name of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    copyInto(join(modules, name), stage, join(target, name))
  }
  await run('depmod', ['-b', stage, version], { quiet: true })
}

/** busybox under the names of its commands, where no other program has them. */
async function stageBusybox(stage) {
  const busybox = staticBusybox()
  if (busybox === undefined)
    throw new SetupError('the test VM takes busybox-static, which is absent: npm run setup -- --tests')
  copyInto(busybox, stage, '/usr/bin/busybox')
  const { output } = await run(busybox, ['--list'], { quiet: true })
  for (const name of output.trim().split('\n')) {
    if (name === 'busybox' || programs.includes(name)) continue
    const folder = ['modprobe', 'insmod', 'lsmod'].includes(name) ? 'usr/sbin' : 'usr/bin'
    symlinkSync('/usr/bin/busybox', join(stage, folder, name))
  }
}

async function makeImage(stage, file) {
  writeFileSync(file, '')
  truncateSync(file, imageBytes)
  await run('mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-E', 'lazy_itable_init=1,nodiscard', '-d', stage, file], {
    quiet: true,
  })
}

function initramfs({ modules }) {
  const folder = (path) => ({ path, mode: 0o040755 })
  const file = (path, source) => ({ path, mode: 0o100755, data: readFileSync(source) })
  const files = moduleFiles(bootModules, modules)
  const order = Buffer.from(`${files.map((name) => basename(name)).join('\n')}\n`)
  return cpio([
    ...['bin', 'modules', 'proc', 'sys', 'dev', 'root'].map(folder),
    file('init', join(guest, 'early')),
    file('bin/busybox', staticBusybox()),
    { path: 'modules/order', mode: 0o100644, data: order },
    ...files.map((name) => file(`modules/${basename(name)}`, join(modules, name))),
  ])
}

/** An ext4 image with a copy of a folder, for the VM to read. */
export async function packFolder(folder, file) {
  let bytes = 0
  let count = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    count += 1
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size + 4096
  }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '')
  truncateSync(file, Math.ceil((bytes * 1.2 + 32 * 2 ** 20) / 4096) * 4096)
  const args = ['-q', '-F', '-O', '^has_journal', '-N', String(count + 256), '-d', folder, file]
  await run('mkfs.ext4', args, { quiet: true })
}

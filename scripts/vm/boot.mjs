// Boots the test VM for one command, and brings back its output and its exit code.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from '../setup/at-exit.mjs'
import { SetupError } from '../setup/say.mjs'
import { cpio } from './cpio.mjs'
import { packFolder, vmImage } from './image.mjs'

const bootArguments = [
  'console=ttyS0',
  'quiet',
  'panic=-1',
  'reboot=t',
  'mitigations=off',
  'audit=0',
  'random.trust_cpu=on',
  'tsc=reliable',
  'no_timer_check',
]

/**
 * Runs a command as root in a VM of its own, which is thrown away.
 *
 * @param {string} command for the shell of the VM; it starts in `/repo` where a folder is packed
 * @param {object} options
 * @param {string} [options.packed] a folder whose copy is at `/repo`, read-only
 * @param {string[]} [options.disks] sizes of empty disks, `4G`: they are /dev/vdb, /dev/vdc and so on
 * @param {number} [options.memoryMb]
 * @param {number} [options.cpus]
 * @param {number} [options.timeoutMs]
 * @param {NodeJS.WritableStream} [options.stdout]
 * @param {NodeJS.WritableStream} [options.stderr]
 * @returns {Promise<number>} the command's exit code
 */
export async function runInVm(command, options = {}) {
  const { stdout = process.stdout, stderr = process.stderr } = options
  const image = await vmImage()
  const work = mkdtempSync(join(tmpdir(), 'pouch-vm-'))
  const remove = () => rmSync(work, { recursive: true, force: true })
  const keep = atExit(remove)
  let code = ''
  const ports = [
    await openPort('out', work, (chunk) => stdout.write(chunk)),
    await openPort('err', work, (chunk) => stderr.write(chunk)),
    await openPort('code', work, (chunk) => {
      code += chunk
    }),
  ]
  try {
    await runQemu(await qemuArguments(command, image, work, ports, options), work, options)
  } finally {
    await Promise.all(ports.map((port) => port.close()))
    const console = readConsole(work)
    keep()
    remove()
    if (code === '') stderr.write(`the console of the VM ended with:\n${console}\n`)
  }
  if (!/^\d+$/.test(code.trim())) throw new SetupError('the VM stopped before the command ended')
  return Number(code)
}

async function qemuArguments(command, image, work, ports, options) {
  const { packed, disks = ['4G', '4G'], memoryMb = 1024, cpus = 2 } = options
  const drive = (file, more) => ['-drive', `file=${file},if=virtio,format=raw,cache=unsafe,${more}`]
  const drives = [drive(image.rootImage, 'snapshot=on')]
  for (const [index, size] of disks.entries()) {
    const file = join(work, `disk-${index}`)
    writeFileSync(file, '')
    truncateSync(file, bytesOf(size))
    drives.push(drive(file, 'discard=unmap'))
  }
  if (packed !== undefined) {
    await packFolder(packed, join(work, 'packed'))
    drives.push(drive(join(work, 'packed'), 'readonly=on'))
  }
  writeFileSync(join(work, 'initramfs'), Buffer.concat([readFileSync(image.initramfs), callOf(command, packed)]))
  return [
    ...['-M', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', String(cpus), '-m', String(memoryMb)],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-nic', 'none'],
    ...['-serial', `file:${join(work, 'console')}`],
    ...['-kernel', image.kernel, '-initrd', join(work, 'initramfs'), '-append', bootArguments.join(' ')],
    ...['-device', 'virtio-serial-pci', '-device', 'virtio-rng-pci'],
    ...ports.flatMap(({ name, path }) => [
      ...['-chardev', `socket,id=${name},path=${path}`],
      ...['-device', `virtserialport,chardev=${name},name=${name}`],
    ]),
    ...drives.flat(),
  ]
}

/** A second archive behind the first one: the kernel unpacks both. */
function callOf(command, packed) {
  return cpio([
    { path: 'call', mode: 0o040755 },
    { path: 'call/command', mode: 0o100644, data: Buffer.from(`${command}\n`) },
    ...(packed === undefined ? [] : [{ path: 'call/packed', mode: 0o100644 }]),
  ])
}

function runQemu(args, work, { timeoutMs = 300_000 }) {
  return new Promise((resolve, reject) => {
    const qemu = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'inherit', 'inherit'] })
    const kill = () => qemu.kill('SIGKILL')
    const spare = atExit(kill)
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      kill()
    }, timeoutMs)
    qemu.on('error', (cause) => {
      reject(new SetupError(`qemu-system-x86_64 cannot be started: ${cause.message}; Debian has it in qemu-system-x86`))
    })
    qemu.on('close', (code, signal) => {
      clearTimeout(timer)
      spare()
      if (isLate) reject(new SetupError(`the VM was stopped after ${timeoutMs / 1000} s`))
      else if (code !== 0) reject(new SetupError(`qemu ended with ${signal ?? code}\n${readConsole(work)}`))
      else resolve()
    })
  })
}

/** A port of the VM, as a socket that qemu connects to. */
async function openPort(name, work, onData) {
  const path = join(work, `${name}.sock`)
  let ended = Promise.resolve()
  const server = createServer((socket) => {
    ended = new Promise((resolve) => socket.on('close', resolve))
    socket.on('data', onData)
    socket.on('error', () => socket.destroy())
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(path, resolve))
  const close = async () => {
    await ended
    server.close()
  }
  return { name, path, close }
}

function readConsole(work) {
  try {
    return readFileSync(join(work, 'console'), 'utf8').split('\n').slice(-20).join('\n')
  } catch {
    return 'nothing'
  }
}

function bytesOf(size) {
  const [, number, unit] = /^(\d+)([MG])$/.exec(size) ?? []
  if (number === undefined) throw new SetupError(`'${size}' is not the size of a disk; write 512M or 4G`)
  return Number(number) * (unit === 'G' ? 2 ** 30 : 2 ** 20)
}

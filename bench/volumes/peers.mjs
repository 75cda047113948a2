// The daemons that are compared, each with a root, a socket and state of its own. None touches the network or another's files.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sweep } from '../../scripts/demo/sweep.mjs'
import { unpacked } from '../../scripts/setup/debian.mjs'
import { SocketClient } from './http.mjs'

const repository = join(import.meta.dirname, '../..')
const startTimeoutMs = 120_000

const dockerdArgs = (folder, socket) => [
  ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')],
  ...['--host', `unix://${socket}`, '--bridge=none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'],
  ...['--log-level', 'error', '--config-file', join(folder, 'daemon.json')],
]

const podmanArgs = (folder, socket) => [
  ...['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--tmpdir', join(folder, 'tmp')],
  ...['--conmon', unpacked('conmon', 'usr/bin/conmon') ?? 'conmon'],
  ...['system', 'service', '--time=0', `unix://${socket}`],
]

/** How each is started: the program, its arguments, more environment. */
const commands = {
  pouchd: (folder, socket) => ({
    program: process.execPath,
    args: [
      join(repository, 'packages/daemon/bin/pouchd.js'),
      ...['--home-dir', join(folder, 'home'), '--listen', `unix://${socket}`, '--log-level', 'error'],
    ],
  }),
  dockerd: (folder, socket) => ({
    program: unpacked('docker.io', 'usr/sbin/dockerd') ?? 'dockerd',
    args: dockerdArgs(folder, socket),
  }),
  podman: (folder, socket) => ({
    program: unpacked('podman', 'usr/bin/podman') ?? 'podman',
    args: podmanArgs(folder, socket),
    env: { LD_LIBRARY_PATH: podmanLibraries(), CONTAINERS_CONF: join(folder, 'containers.conf') },
  }),
}

/** A daemon on a folder of its own. */
export class Peer {
  #folder
  #name
  #child

  constructor(name, base) {
    this.#name = name
    this.#folder = join(base, name)
    mkdirSync(this.#folder, { recursive: true })
    writeFileSync(join(this.#folder, 'daemon.json'), '{}')
    // Each volume takes one of podman's locks: in shared memory it has 2,048, and shares them with every podman of the machine.
    writeFileSync(join(this.#folder, 'containers.conf'), '[engine]\nlock_type = "file"\n')
  }

  get name() {
    return this.#name
  }

  get socket() {
    return join(this.#folder, 'api.sock')
  }

  /** Starts it. @returns milliseconds until it answered /_ping */
  async start() {
    const { program, args, env } = commands[this.#name](this.#folder, this.socket)
    const log = openSync(join(this.#folder, 'log'), 'a')
    const began = performance.now()
    this.#child = spawn(program, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env } })
    while (!(await this.#answers())) {
      if (this.#child.exitCode !== null) throw new Error(`${this.#name} ended: ${this.#log()}`)
      if (performance.now() - began > startTimeoutMs) throw new Error(`${this.#name} does not answer: ${this.#log()}`)
      await delay(2)
    }
    return performance.now() - began
  }

  /** What the daemon itself has in memory, without containerd, in MB. */
  rssMb() {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024
  }

  /** Processor time so far, in microseconds. */
  cpuUs() {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ')[1].split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10_000
  }

  async stop() {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
    await ended
    clearTimeout(timer)
  }

  async remove() {
    await this.stop()
    await sweep(this.#folder)
  }

  async #answers() {
    const client = new SocketClient(this.socket)
    try {
      await client.send('GET', '/_ping')
      return true
    } catch {
      return false
    } finally {
      client.close()
    }
  }

  #log() {
    return readFileSync(join(this.#folder, 'log'), 'utf8').slice(-2000)
  }
}

/** The names of the daemons that this machine has. */
export function knownPeers() {
  const present = (name, file) => unpacked(name, file) !== undefined
  return [
    'pouchd',
    ...(present('docker.io', 'usr/sbin/dockerd') ? ['dockerd'] : []),
    ...(present('podman', 'usr/bin/podman') ? ['podman'] : []),
  ]
}

function podmanLibraries() {
  const folders = ['libgpgme11', 'libsubid4'].map((name) => unpacked(name, 'usr/lib/x86_64-linux-gnu'))
  return folders.filter((folder) => folder !== undefined).join(':')
}

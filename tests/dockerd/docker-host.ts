import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DockerCli, dockerPrograms } from '../docker-cli/docker-cli.js'
import { busyboxArchive, repository } from '../running-pouchd.js'
import { type InsideProcess, PrivateHost, removeCgroups } from './private-host.js'

const dockerd = join(repository, '.cache/debian/docker.io/usr/sbin/dockerd')
const pluginProgram = join(repository, 'packages/driver-host/bin/pouch-volume-plugin.js')

/** A request that a plugin got, as its log tells. */
export interface SeenRequest {
  /** `Mount`. */
  readonly method: string
  readonly volume: string | undefined
  readonly mount: string | undefined
}

/**
 * The real dockerd of Debian, with plugins, on a {@link PrivateHost}: own root, own containerd, own plugin directory. It has no bridge and writes no
 * firewall rules.
 */
export class DockerHost {
  readonly folder: string
  readonly host: PrivateHost
  readonly docker: DockerCli
  readonly #cgroup: string
  readonly #plugins = new Map<string, InsideProcess>()
  #daemon: InsideProcess | undefined

  private constructor(folder: string, host: PrivateHost) {
    this.folder = folder
    this.host = host
    this.#cgroup = `pouch-dockerd-${randomBytes(4).toString('hex')}`
    const [program] = dockerPrograms()
    if (program === undefined) throw new Error("these tests need Debian's docker.io")
    this.docker = new DockerCli(program, `unix://${this.#socket}`)
  }

  /** Starts dockerd, with the image `busybox:latest`. */
  static async start(): Promise<DockerHost> {
    const folder = mkdtempSync(join(tmpdir(), 'pouch-dockerd-'))
    const made = new DockerHost(folder, await PrivateHost.start(folder))
    try {
      await made.startDaemon()
      await made.docker.output('load', '-i', await busyboxArchive())
    } catch (error) {
      await made.remove()
      throw error
    }
    return made
  }

  /** Starts dockerd, again after {@link endDaemon}. */
  async startDaemon(): Promise<void> {
    if (!existsSync(dockerd)) throw new Error("these tests need Debian's docker.io, unpacked by the set-up")
    const config = join(this.folder, 'daemon.json')
    writeFileSync(config, '{}')
    const places = ['--data-root', 'root', '--exec-root', 'exec', '--pidfile', 'pid'].map((word) =>
      word.startsWith('--') ? word : join(this.folder, word),
    )
    const network = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false']
    const more = ['--config-file', config, '--cgroup-parent', `/${this.#cgroup}`, '--host', `unix://${this.#socket}`]
    this.#daemon = await this.host.start([dockerd, ...places, ...network, ...more], this.#log('dockerd'))
    await this.#until('dockerd', this.#daemon, this.#socket)
  }

  /** Ends dockerd: with SIGTERM it stops its containers first. */
  async endDaemon(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#daemon?.end(signal)
  }

  /** Resolves once dockerd's log has a text. */
  async daemonSays(text: string): Promise<void> {
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await delay(20)) {
      if (readFileSync(this.#log('dockerd'), 'utf8').includes(text)) return
    }
    throw new Error(`dockerd does not say '${text}'`)
  }

  /** Starts `pouch-volume-plugin --driver DRIVER`, which Docker then knows as `pouch-DRIVER`. */
  async startPlugin(driver: string, ...args: readonly string[]): Promise<void> {
    const home = join(this.folder, `plugin-${driver}`)
    const words = [pluginProgram, '--driver', driver, '--home', home, '--log-level', 'debug', ...args]
    const plugin = await this.host.start([process.execPath, ...words], this.#log(driver))
    this.#plugins.set(driver, plugin)
    await this.#until(driver, plugin)
  }

  /** Ends a plugin. @returns the exit code */
  async endPlugin(driver: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    return (await this.#plugins.get(driver)?.end(signal)) ?? null
  }

  /** The requests that a plugin got since the last time that this was asked. */
  requests(driver: string): SeenRequest[] {
    const lines = readFileSync(this.#log(driver), 'utf8').trim().split('\n')
    const seen = lines.flatMap((line) => {
      const { method, volume, mount, level } = JSON.parse(line) as Record<string, string | number | undefined>
      return level === 20 ? [{ method, volume, mount } as unknown as SeenRequest] : []
    })
    const from = this.#read.get(driver) ?? 0
    this.#read.set(driver, seen.length)
    return seen.slice(from).map((request) => ({ ...request, method: request.method.replace(/^\w+\./, '') }))
  }
  readonly #read = new Map<string, number>()

  /** Ends everything, and takes away whatever it left on this machine. */
  async remove(): Promise<void> {
    await this.host.remove()
    removeCgroups(this.#cgroup)
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #socket(): string {
    return join(this.folder, 'docker.sock')
  }

  #log(name: string): string {
    return join(this.folder, `${name}.log`)
  }

  async #until(name: string, started: InsideProcess, socket?: string): Promise<void> {
    for (const deadline = Date.now() + 40_000; Date.now() < deadline; ) {
      const log = existsSync(this.#log(name)) ? readFileSync(this.#log(name), 'utf8') : ''
      if (!started.isRunning) throw new Error(`${name} ended:\n${log.slice(-4000)}`)
      if (socket === undefined ? log.trimEnd().split('\n').some(tellsReady) : await isAnswered(socket)) return
      await delay(20)
    }
    throw new Error(`${name} is not ready:\n${readFileSync(this.#log(name), 'utf8').slice(-4000)}`)
  }
}

const tellsReady = (line: string) => line.includes('the volume plugin is ready')

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

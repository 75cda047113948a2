import { existsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { DockerCli, dockerPrograms } from '../docker-cli/docker-cli.js'
import { busyboxArchive, repository } from '../running-pouchd.js'
import { PluginHost } from './plugin-host.js'
import { type InsideProcess, PrivateHost } from './private-host.js'

const dockerd = join(repository, '.cache/debian/docker.io/usr/sbin/dockerd')

/**
 * The real dockerd of Debian on a host of its own: own root, own containerd, own plugin directory. It has no bridge and writes no firewall
 * rules.
 */
export class DockerHost extends PluginHost {
  readonly docker: DockerCli
  #daemon: InsideProcess | undefined

  private constructor(folder: string, host: PrivateHost) {
    super(folder, host)
    const [program] = dockerPrograms()
    if (program === undefined) throw new Error("these tests need Debian's docker.io")
    this.docker = new DockerCli(program, `unix://${this.#socket}`)
  }

  /** Starts dockerd, with the image `busybox:latest`. */
  static async start(): Promise<DockerHost> {
    const folder = PluginHost.newFolder()
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
    const inFolder = (name: string) => join(this.folder, name)
    writeFileSync(inFolder('daemon.json'), '{}')
    const places = ['--data-root', inFolder('root'), '--exec-root', inFolder('exec'), '--pidfile', inFolder('pid')]
    const network = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false']
    const more = ['--config-file', inFolder('daemon.json'), '--cgroup-parent', `/${this.cgroup}`]
    const words = [...places, ...network, ...more, '--host', `unix://${this.#socket}`]
    this.#daemon = await this.host.start([dockerd, ...words], this.logFile('dockerd'))
    await this.until('dockerd', this.#daemon, async () => await isAnswered(this.#socket))
  }

  /** Ends dockerd: with SIGTERM it stops its containers first. */
  async endDaemon(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#daemon?.end(signal)
  }

  /** Resolves once dockerd's log has a text. */
  async daemonSays(text: string): Promise<void> {
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; await delay(20)) {
      if (this.log('dockerd').includes(text)) return
    }
    throw new Error(`dockerd does not say '${text}'`)
  }

  get #socket(): string {
    return join(this.folder, 'docker.sock')
  }
}

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

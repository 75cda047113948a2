import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { busyboxArchive, repository } from '../running-pouchd.js'
import { PluginHost } from './plugin-host.js'
import { PrivateHost } from './private-host.js'

const unpacked = (name: string, path: string) => join(repository, '.cache/debian', name, path)
const podman = unpacked('podman', 'usr/bin/podman')
const libraries = ['libgpgme11', 'libsubid4'].map((name) => unpacked(name, 'usr/lib/x86_64-linux-gnu')).join(':')

/** Debian's podman on a host of its own, with plugins in its configuration file. */
export class PodmanHost extends PluginHost {
  /** @param plugins the names of the plugins that podman is told of */
  static async start(...plugins: readonly string[]): Promise<PodmanHost> {
    if (!existsSync(podman)) throw new Error("these tests need Debian's podman and conmon, unpacked by the set-up")
    const folder = PluginHost.newFolder()
    const made = new PodmanHost(folder, await PrivateHost.start(folder))
    try {
      await made.#configure(plugins)
      await made.podman('load', '-i', await busyboxArchive())
    } catch (error) {
      await made.remove()
      throw error
    }
    return made
  }

  /** Runs podman. @returns its output @throws Error when it does not end with 0 */
  async podman(...words: readonly string[]): Promise<string> {
    const env = [`LD_LIBRARY_PATH=${libraries}`, `CONTAINERS_CONF=${this.#config}`]
    const places = ['--root', join(this.folder, 'root'), '--runroot', join(this.folder, 'run')]
    const more = ['--tmpdir', join(this.folder, 'tmp'), '--conmon', unpacked('conmon', 'usr/bin/conmon')]
    return (await this.host.output('env', ...env, podman, ...places, ...more, ...words)).trim()
  }

  /** Starts a container without a network. @returns its id */
  async runPodman(...words: readonly string[]): Promise<string> {
    return await this.podman('run', '--detach', '--network=none', `--cgroup-parent=/${this.cgroup}`, ...words)
  }

  get #config(): string {
    return join(this.folder, 'containers.conf')
  }

  async #configure(plugins: readonly string[]): Promise<void> {
    const engine = ['cgroup_manager = "cgroupfs"', 'events_logger = "file"', 'runtime = "runc"']
    const sockets = plugins.map((name) => `${name} = "/run/docker/plugins/${name}.sock"`)
    const lines = ['[engine]', ...engine, '[engine.volume_plugins]', ...sockets]
    writeFileSync(this.#config, `${lines.join('\n')}\n`)
    const policy = join(this.folder, 'policy.json')
    writeFileSync(policy, '{ "default": [{ "type": "insecureAcceptAnything" }] }')
    await this.host.output('mkdir', '-p', '/etc/containers')
    await this.host.output('cp', policy, '/etc/containers/policy.json')
  }
}

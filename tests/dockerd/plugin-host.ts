import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { repository } from '../running-pouchd.js'
import { type InsideProcess, type PrivateHost, removeCgroups } from './private-host.js'

const pluginProgram = join(repository, 'packages/driver-host/bin/pouch-volume-plugin.js')

/** A request that a plugin got, as its log tells. */
export interface SeenRequest {
  /** `Mount`. */
  readonly method: string
  readonly volume: string | undefined
  readonly mount: string | undefined
}

/** A {@link PrivateHost} with `pouch-volume-plugin` as a program, for the engines that use its volumes. */
export class PluginHost {
  readonly folder: string
  readonly host: PrivateHost
  /** Below this one engines are to put the cgroups of their containers. */
  readonly cgroup = `pouch-dockerd-${randomBytes(4).toString('hex')}`
  readonly #plugins = new Map<string, InsideProcess>()
  readonly #read = new Map<string, number>()

  protected constructor(folder: string, host: PrivateHost) {
    this.folder = folder
    this.host = host
  }

  /** Where a test's host keeps everything. */
  protected static newFolder(): string {
    return mkdtempSync(join(tmpdir(), 'pouch-dockerd-'))
  }

  /** Starts `pouch-volume-plugin --driver DRIVER`, which Docker then knows as `pouch-DRIVER`. */
  async startPlugin(driver: string, ...args: readonly string[]): Promise<void> {
    const home = join(this.folder, `plugin-${driver}`)
    const words = [pluginProgram, '--driver', driver, '--home', home, '--log-level', 'debug', ...args]
    const before = this.log(driver).length
    const plugin = await this.host.start([process.execPath, ...words], this.logFile(driver))
    this.#plugins.set(driver, plugin)
    await this.until(driver, plugin, async () => this.log(driver).slice(before).includes('the volume plugin is ready'))
  }

  /** Ends a plugin. @returns the exit code */
  async endPlugin(driver: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    return (await this.#plugins.get(driver)?.end(signal)) ?? null
  }

  /** The requests that a plugin got since the last time that this was asked. */
  requests(driver: string): SeenRequest[] {
    const lines = this.log(driver).trim().split('\n')
    const seen = lines.flatMap((line) => {
      const { method, volume, mount, level } = JSON.parse(line) as Record<string, string | number | undefined>
      return level === 20 ? [{ method, volume, mount } as unknown as SeenRequest] : []
    })
    const from = this.#read.get(driver) ?? 0
    this.#read.set(driver, seen.length)
    return seen.slice(from).map((request) => ({ ...request, method: request.method.replace(/^\w+\./, '') }))
  }

  /** The Mounts and Unmounts among {@link requests}, with their IDs. */
  mountsAsked(driver: string): (string | undefined)[][] {
    return this.requests(driver)
      .filter(({ method }) => method.endsWith('ount'))
      .map(({ method, mount }) => [method, mount])
  }

  /** Ends everything, and takes away whatever it left on this machine. */
  async remove(): Promise<void> {
    await this.host.remove()
    removeCgroups(this.cgroup)
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** What a program here has written so far. */
  log(name: string): string {
    return existsSync(this.logFile(name)) ? readFileSync(this.logFile(name), 'utf8') : ''
  }

  protected logFile(name: string): string {
    return join(this.folder, `${name}.log`)
  }

  /** Waits until a program that was started is ready. */
  protected async until(name: string, started: InsideProcess, isReady: () => Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + 40_000; Date.now() < deadline; await delay(20)) {
      if (!started.isRunning) throw new Error(`${name} ended:\n${this.log(name).slice(-4000)}`)
      if (await isReady()) return
    }
    throw new Error(`${name} is not ready:\n${this.log(name).slice(-4000)}`)
  }
}

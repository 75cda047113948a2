import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MetadataStore, memoryStore } from '@pouch/store'
import { createVolumeEngine, type DriverDefinition, type VolumeEngine } from '@pouch/volume-core'
import { memoryDriver } from '@pouch/volume-core/testing'
import { type PluginServer, type PluginServerOptions, servePlugin } from '../src/index.js'
import { DockerClient, type PluginAnswer } from './docker-client.js'

/** A driver that is served on a socket in a folder of the test's own. */
export class Served {
  readonly folder: string
  readonly socket: string
  readonly docker: DockerClient
  readonly store: MetadataStore = memoryStore()
  readonly #drivers: readonly DriverDefinition[]
  #engine: VolumeEngine | undefined
  #server: PluginServer | undefined

  private constructor(folder: string, drivers: readonly DriverDefinition[]) {
    this.folder = folder
    this.socket = join(folder, 'memory.sock')
    this.docker = new DockerClient(this.socket)
    this.#drivers = drivers
  }

  static async start(drivers: readonly DriverDefinition[] = [memoryDriver()]): Promise<Served> {
    const served = new Served(await mkdtemp(join(tmpdir(), 'pouch-plugin-')), drivers)
    await served.start()
    return served
  }

  get engine(): VolumeEngine {
    if (this.#engine === undefined) throw new Error('it is stopped')
    return this.#engine
  }

  get server(): PluginServer {
    if (this.#server === undefined) throw new Error('it is stopped')
    return this.#server
  }

  async start(options: Partial<PluginServerOptions> = {}): Promise<void> {
    this.#engine = await createVolumeEngine({
      home: join(this.folder, 'home'),
      drivers: this.#drivers,
      store: this.store,
      defaultDriver: 'memory',
    })
    this.#server = await servePlugin({ volumes: this.#engine, driver: 'memory', socket: this.socket, ...options })
  }

  async stop(): Promise<void> {
    await this.#server?.close()
    await this.#engine?.close()
  }

  async remove(): Promise<void> {
    await this.stop()
    await this.store.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** A call that is to succeed. */
  async ok(method: string, given?: unknown): Promise<Record<string, unknown>> {
    const { status, body } = await this.docker.call(method, given)
    if (status !== 200) throw new Error(`${method}: ${status} ${JSON.stringify(body)}`)
    return body
  }

  /** A call that is to fail. @returns the status and Err */
  async failure(method: string, given?: unknown): Promise<[number, unknown]> {
    const { status, body }: PluginAnswer = await this.docker.call(method, given)
    return [status, body.Err]
  }
}

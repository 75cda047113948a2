import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ContainerdClient, connectContainerd, superviseContainerd } from '@pouch/ctrd-client'
import type { MetadataStore } from '@pouch/store'
import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import {
  type ContainerConfig,
  ContainerManager,
  type ContainerManagerOptions,
  type LogEntry,
  type LogOptions,
} from '../../src/index.js'
import { DirectoryImages, makeRootfs } from './busybox-image.js'
import { directoryDriver } from './directory-driver.js'
import { fileStore } from './file-store.js'

/** A containerd of its own with a busybox image, and managers over it. */
export class TestHost {
  readonly home: string
  readonly #containerd: Awaited<ReturnType<typeof superviseContainerd>>
  readonly client: ContainerdClient
  readonly images: DirectoryImages
  readonly logged: { level: string; fields: object; message: string }[] = []
  store!: MetadataStore
  volumes!: VolumeEngine
  manager!: ContainerManager

  private constructor(home: string, containerd: Awaited<ReturnType<typeof superviseContainerd>>) {
    this.home = home
    this.#containerd = containerd
    this.client = connectContainerd({ address: containerd.address, namespace: 'pouch' })
    this.images = new DirectoryImages(this.client)
  }

  get runcRoot(): string {
    return this.#containerd.runcRoot
  }

  static async start(options: Partial<ContainerManagerOptions> = {}): Promise<TestHost> {
    const home = mkdtempSync(join(tmpdir(), 'pouch-cm-'))
    const host = new TestHost(home, await superviseContainerd({ home }))
    const rootfs = join(home, 'rootfs')
    makeRootfs(rootfs)
    await host.images.add('busybox', rootfs, { Env: ['PATH=/bin', 'FROM_IMAGE=1'], Cmd: ['sh'] })
    await host.open(options)
    return host
  }

  /** Opens store, volumes and a manager, as a new process would. */
  async open(options: Partial<ContainerManagerOptions> = {}): Promise<void> {
    this.store = await fileStore(join(this.home, 'state'))
    this.volumes = await createVolumeEngine({ home: this.home, drivers: [directoryDriver()], store: this.store })
    this.manager = this.newManager(options)
    await this.manager.open()
  }

  newManager(options: Partial<ContainerManagerOptions> = {}): ContainerManager {
    const log = (level: string) => (fields: object, message: string) => {
      this.logged.push({ level, fields, message })
    }
    return new ContainerManager({
      containerd: this.client,
      images: this.images,
      volumes: this.volumes.volumes,
      store: this.store,
      home: this.home,
      engineId: 'test-engine',
      runtimeOptions: { root: this.#containerd.runcRoot },
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      ...options,
    })
  }

  /** Closes the manager and what it stands on; containers and containerd go on. */
  async close(): Promise<void> {
    await this.manager.close()
    await this.volumes.close()
    await this.store.close()
  }

  /** Runs a command to its end. */
  async run(
    command: readonly string[],
    config: Partial<ContainerConfig> = {},
  ): Promise<{ id: string; exitCode: number; stdout: string; stderr: string }> {
    const { id } = await this.manager.create({ image: 'busybox', command, ...config })
    const exit = this.manager.wait(id, 'next-exit')
    await this.manager.start(id)
    const { exitCode } = await exit
    return {
      id,
      exitCode,
      stdout: await this.text(id, { stdout: true }),
      stderr: await this.text(id, { stderr: true }),
    }
  }

  async entries(id: string, options: LogOptions): Promise<LogEntry[]> {
    const entries: LogEntry[] = []
    for await (const entry of this.manager.logs(id, options)) entries.push(entry)
    return entries
  }

  async text(id: string, options: LogOptions): Promise<string> {
    return Buffer.concat((await this.entries(id, options)).map(({ line }) => line)).toString()
  }

  /** Removes every container and ends containerd; the directory goes too. */
  async end(): Promise<void> {
    for (const { id } of this.manager.list({ all: true })) await this.manager.remove(id, { force: true, volumes: true })
    await this.close()
    this.client.close()
    await this.#containerd.stop()
    rmSync(this.home, { recursive: true, force: true })
  }

  /** Kills containerd; its supervisor starts it again. */
  async killContainerd(): Promise<void> {
    const { pid } = this.#containerd
    process.kill(pid, 'SIGKILL')
    while (this.#containerd.pid === pid) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  /** Kills containerd and runs `use` in the moment before its supervisor starts it again. */
  async withoutContainerd(use: () => Promise<void>): Promise<void> {
    const { pid } = this.#containerd
    process.kill(pid, 'SIGKILL')
    while (statSync(`/proc/${pid}/exe`, { throwIfNoEntry: false }) !== undefined)
      await new Promise((resolve) => setTimeout(resolve, 1))
    await use()
    while (this.#containerd.pid === pid) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  /** The bytes on disk of a container's raw output; 0 once it is gone. */
  rawBlocks(id: string): number {
    return (statSync(join(this.home, 'containers', id, 'io', 'stdout'), { throwIfNoEntry: false })?.blocks ?? 0) * 512
  }

  directory(name: string): string {
    const path = join(this.home, name)
    mkdirSync(path, { recursive: true })
    return path
  }
}

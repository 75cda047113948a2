import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContainerManager } from '@pouch/container-manager'
import { type Engine, SystemManager, type SystemManagerOptions } from '@pouch/engine'
import { createVolumeEngine, type DriverDefinition, type VolumeEngine } from '@pouch/volume-core'
import { local } from '@pouch/volume-local'
import { tmpfs } from '@pouch/volume-tmpfs'
import { App } from '../../src/http/app.js'
import { createHijackHandler } from '../../src/http/hijack.js'
import { Listener } from '../../src/listener.js'
import type { BackupOptions } from '../../src/pouch/backup.js'
import { bindRoutes } from '../../src/routes.js'
import { silent } from './silent-log.js'

/** The HTTP side of a daemon over a real volume engine, for what needs neither root nor containerd. */
export interface VolumeServer {
  readonly home: string
  readonly socket: string
  readonly volumes: VolumeEngine
  close(): Promise<void>
}

const noContainers = { list: () => [] } as unknown as ContainerManager

/** What a server is opened with. */
export interface VolumeServerOptions {
  readonly containers?: ContainerManager
  /** `local` and `tmpfs` unless given. */
  readonly drivers?: readonly DriverDefinition[]
  /** What a backup is made of; there is none unless given. */
  readonly backup?: BackupOptions
}

/** Opens one in a directory of its own. There are no images behind it, and containers only if some are given. */
export async function openVolumeServer(options: VolumeServerOptions = {}): Promise<VolumeServer> {
  const { containers = noContainers, drivers = [local(), tmpfs()], backup } = options
  const home = mkdtempSync(join(tmpdir(), 'pouchd-test-'))
  const volumes = await createVolumeEngine({ home, drivers, defaultDriver: drivers[0]?.name })
  const images = { list: async () => [] }
  const system = new SystemManager({
    name: 'test',
    home,
    volumes,
    containers,
    images,
  } as unknown as SystemManagerOptions)
  const engine = { volumes: volumes.volumes, containers, system } as unknown as Engine
  const shutdown = new AbortController()
  const routes = bindRoutes({ engine, log: silent, debug: false, snapshotter: 'overlayfs', backup })
  const app = new App({ routes, log: silent, shutdown: shutdown.signal })
  const socket = join(home, 'pouchd.sock')
  const hijack = createHijackHandler({ engine, log: silent, shutdown: shutdown.signal })
  const listener = new Listener({ kind: 'unix', path: socket }, {}, { request: (a, b) => void app.serve(a, b), hijack })
  await listener.open({ mode: 0o660, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 })
  return {
    home,
    socket,
    volumes,
    close: async () => {
      shutdown.abort()
      await listener.close(AbortSignal.timeout(1000))
      await volumes.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

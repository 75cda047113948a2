import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ContainerManager } from '@pouch/container-manager'
import type { Engine } from '@pouch/engine'
import { createVolumeEngine } from '@pouch/volume-core'
import { local } from '@pouch/volume-local'
import { tmpfs } from '@pouch/volume-tmpfs'
import { createApp } from '../../src/http/app.js'
import { createHijackHandler } from '../../src/http/hijack.js'
import { Listener } from '../../src/listener.js'
import { bindRoutes } from '../../src/routes.js'
import { silent } from './silent-log.js'

/** The HTTP side of a daemon over a real volume engine, for what needs neither root nor containerd. */
export interface VolumeServer {
  readonly home: string
  readonly socket: string
  close(): Promise<void>
}

const noContainers = { list: () => [] } as unknown as ContainerManager

/** Opens one in a directory of its own. There are no images behind it, and containers only if some are given. */
export async function openVolumeServer(containers = noContainers): Promise<VolumeServer> {
  const home = mkdtempSync(join(tmpdir(), 'pouchd-test-'))
  const volumes = await createVolumeEngine({ home, drivers: [local(), tmpfs()] })
  const system = { info: async () => ({ drivers: volumes.drivers() }) }
  const engine = { volumes: volumes.volumes, containers, system } as unknown as Engine
  const shutdown = new AbortController()
  const routes = bindRoutes({ engine, log: silent, debug: false, snapshotter: 'overlayfs' })
  const app = createApp({ routes, log: silent, shutdown: shutdown.signal })
  await app.ready()
  const socket = join(home, 'pouchd.sock')
  const hijack = createHijackHandler({ engine, log: silent, shutdown: shutdown.signal })
  const listener = new Listener({ kind: 'unix', path: socket }, {}, { request: (a, b) => app.routing(a, b), hijack })
  await listener.open({ mode: 0o660, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 })
  return {
    home,
    socket,
    close: async () => {
      shutdown.abort()
      await listener.close(AbortSignal.timeout(1000))
      await app.close()
      await volumes.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

import { type ContainerdClient, connectContainerd, superviseContainerd } from '@pouch/ctrd-client'
import type { Logger } from '@pouch/volume-core'
import type { Settings } from './settings.js'

/** The containerd of a daemon: one that runs already, or one of its own. */
export interface DaemonContainerd {
  readonly client: ContainerdClient
  /** Where runc keeps its state; the machine's usual place unless containerd is one of our own. */
  readonly runcRoot: string | undefined
  /**
   * Lets go of it. A containerd of one's own is left running while containers run, and else stopped.
   *
   * @param inUse whether containers run; containerd itself is asked when nobody knows, as after a start that was refused
   */
  close(inUse?: boolean): Promise<void>
}

/** Connects to the containerd that the settings name, or runs one below the home directory. @throws PouchError */
export async function openContainerd(settings: Settings, home: string, log: Logger): Promise<DaemonContainerd> {
  const { containerd, namespace } = settings
  if (containerd !== undefined) {
    const client = connectContainerd({ address: containerd, namespace, log })
    return { client, runcRoot: undefined, close: async () => client.close() }
  }
  const supervised = await superviseContainerd({ home, log })
  log.info({ pid: supervised.pid, address: supervised.address, adopted: supervised.adopted }, 'containerd runs')
  const client = connectContainerd({ address: supervised.address, namespace, log })
  return {
    client,
    runcRoot: supervised.runcRoot,
    close: async (inUse) => {
      const isLeft = inUse ?? (await runsTasks(client, log))
      client.close()
      await (isLeft ? supervised.release() : supervised.stop())
    },
  }
}

const askTimeoutMs = 5000

// One that does not say is left running: nobody would see to its containers.
async function runsTasks(client: ContainerdClient, log: Logger): Promise<boolean> {
  try {
    const tasks = await client.tasks.list('', { timeoutMs: askTimeoutMs })
    return tasks.some(({ status }) => status !== 'stopped')
  } catch (error) {
    log.warn({ err: error }, 'containerd does not tell whether containers run; it is left running')
    return true
  }
}

import { join } from 'node:path'
import { type ContainerdClient, connectContainerd } from '@pouch/ctrd-client'
import { createVolumeEngine } from '@pouch/volume-core'
import { ContainerManager, type ImageSource, type ResolvedImage } from '../../src/index.js'
import { directoryDriver } from './directory-driver.js'
import { fileStore } from './file-store.js'

/** What the program is told: where to work, on which image. */
interface Task {
  readonly home: string
  readonly address: string
  readonly runcRoot: string
  readonly image: ResolvedImage
  /** `until-exit`: only what it takes over; it is killed once a task has been deleted, while the log of it is being written. */
  readonly mode: 'churn' | 'until-exit'
}

const task = JSON.parse(process.argv[2] ?? '') as Task
const say = (message: object): void => {
  process.send?.(message)
}
const images: ImageSource = { resolve: async () => task.image, unpack: async () => task.image.chainId }

function containerd(): ContainerdClient {
  const client = connectContainerd({ address: task.address, namespace: 'pouch' })
  if (task.mode === 'churn') return client
  const remove = client.tasks.delete.bind(client.tasks)
  client.tasks.delete = async (id) => {
    const exit = await remove(id)
    process.kill(process.pid, 'SIGKILL')
    return exit
  }
  return client
}

async function open(): Promise<ContainerManager> {
  const store = await fileStore(join(task.home, 'state'))
  const volumes = await createVolumeEngine({ home: task.home, drivers: [directoryDriver()], store })
  const problem = (fields: object, message: string) =>
    say({
      type: 'problem',
      message,
      text: JSON.stringify(fields, (_, value) => (value instanceof Error ? value.stack : value)),
    })
  const manager = new ContainerManager({
    containerd: containerd(),
    images,
    volumes: volumes.volumes,
    store,
    home: task.home,
    engineId: 'test-engine',
    runtimeOptions: { root: task.runcRoot },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: problem },
  })
  await manager.open()
  return manager
}

/** Containers come and go until this process is killed. */
async function churn(manager: ContainerManager, worker: number): Promise<void> {
  for (let round = 0; ; round += 1) {
    const name = `churn-${process.pid}-${worker}-${round}`
    const { id } = await manager.create(
      {
        image: 'busybox',
        command: ['sh', '-c', 'echo $HOSTNAME > /v/file; sleep 0.05'],
        mounts: [{ type: 'volume', name: `volume-${name}`, target: '/v' }],
        volumes: ['/anonymous'],
      },
      { name },
    )
    say({ type: 'created', id })
    await manager.start(id)
    say({ type: 'started', id })
    if (round % 3 === 0) continue
    say({ type: 'removing', id })
    await manager.remove(id, { force: true, volumes: true })
    say({ type: 'removed', id })
  }
}

const manager = await open()
say({ type: 'open', running: manager.list().map(({ id }) => id) })
for (const worker of task.mode === 'churn' ? [1, 2] : [])
  void churn(manager, worker).catch((error: unknown) =>
    say({ type: 'problem', message: 'churn failed', text: String(error) }),
  )

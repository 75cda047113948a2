import type { PouchClient } from '@pouch/client'
import { outcomeOf } from '../carry-out.js'
import { httpActor, toldByDaemon } from '../http-volumes.js'
import type { Actor, Operation } from '../operation.js'
import type { ModelState, ModelVolume } from '../volume-model.js'

/** Carries operations out by a daemon, where references are containers: their names are those of the references. */
export function containerActor(client: PouchClient): Actor {
  const act = httpActor(client)
  return async (operation, onBegun) => {
    if (operation.do !== 'attach' && operation.do !== 'detach') return await act(operation, onBegun)
    return await outcomeOf(refer(client, operation))
  }
}

async function refer({ containers }: PouchClient, operation: Operation & { readonly reference: string }) {
  const { name, reference } = operation
  if (operation.do === 'detach') return await containers.remove(reference, { force: true })
  const body = {
    Image: 'busybox',
    Cmd: ['sleep', '600'],
    StopSignal: 'SIGKILL',
    HostConfig: { Binds: [`${name}:/data`] },
  }
  await containers.create(body, { name: reference })
  await containers.start(reference)
}

/** What a daemon tells of its volumes, with references by the names of their containers. */
export async function toldWithContainers(client: PouchClient): Promise<ModelState> {
  const told = await toldByDaemon(client)
  const held = await containersByVolume(client)
  const named = Object.entries(told).map(([name, volume]): [string, ModelVolume] => {
    const states = Object.values(volume.references)
    const containers = held.get(name) ?? []
    const wanted = containers.map(({ isRunning }) => (isRunning ? 'mounted' : 'reserved'))
    if (JSON.stringify(states.sort()) !== JSON.stringify(wanted.sort())) {
      throw new Error(`${name} has references ${states.join()}, and containers ask for ${wanted.join()}`)
    }
    const references = Object.fromEntries(
      containers.map((each) => [each.name, each.isRunning ? 'mounted' : 'reserved'] as const),
    )
    return [name, { ...volume, references }]
  })
  return Object.fromEntries(named)
}

async function containersByVolume({ containers }: PouchClient) {
  const found = new Map<string, { readonly name: string; readonly isRunning: boolean }[]>()
  for (const { Id, Names, State, Mounts } of await containers.list({ all: true })) {
    for (const mount of Mounts ?? []) {
      const name = (Names[0] ?? Id).replace(/^\//, '')
      const others = found.get(mount.Name ?? '') ?? []
      found.set(mount.Name ?? '', [...others, { name, isRunning: State === 'running' }])
    }
  }
  return found
}

/** Removes all containers, snapshots and volumes. @returns what was in the snapshots, as restores show it */
export async function removeAllOf(client: PouchClient, told: ModelState): Promise<string[]> {
  const act = httpActor(client)
  const contents: string[] = []
  for (const { Id } of await client.containers.list({ all: true })) await client.containers.remove(Id, { force: true })
  for (const [name, { snapshots }] of Object.entries(told)) {
    for (const snapshot of Object.keys(snapshots)) {
      await client.pouch.snapshots.restore(name, snapshot)
      contents.push(`${name}@${snapshot}=${String((await act({ do: 'export', name })).value)}`)
      await client.pouch.snapshots.remove(name, snapshot)
    }
    await client.pouch.removeVolume(name)
  }
  return contents.sort()
}

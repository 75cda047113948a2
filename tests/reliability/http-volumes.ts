import type { PouchClient } from '@pouch/client'
import { inPieces, inspected, labelName, nothing, outcomeOf, shownVolume } from './carry-out.js'
import type { Actor, Operation, Options } from './operation.js'
import { archiveOf, contentOf } from './volume-content.js'
import type { ModelState, ModelVolume } from './volume-model.js'

/** Carries operations out by a daemon. */
export function httpActor(client: PouchClient): Actor {
  return async (operation, onBegun) => await outcomeOf(carryOut(client, operation, onBegun))
}

/** What a daemon tells of its volumes, as `toldBy` does of an engine's. */
export async function toldByDaemon({ pouch }: PouchClient): Promise<ModelState> {
  const { volumes, warnings } = await pouch.listVolumes()
  if (warnings.length > 0) throw new Error(`the list has warnings: ${warnings.join('; ')}`)
  const told: [string, ModelVolume][] = []
  for (const volume of volumes) {
    const { name, sizeBytes } = volume
    if (volume.status !== undefined) throw new Error(`${name} is unfinished: ${JSON.stringify(volume.status)}`)
    const shown = shownVolume(volume) as Omit<ModelVolume, 'content' | 'snapshots' | 'sizeBytes'>
    const kept = await pouch.snapshots.list(name)
    const snapshots = Object.fromEntries(kept.map((snapshot) => [snapshot.name, '']))
    const content = await contentOf(await pouch.archives.export(name, { inconsistent: true }))
    told.push([name, { ...shown, sizeBytes, content, snapshots }])
  }
  return Object.fromEntries(told)
}

async function carryOut({ pouch }: PouchClient, operation: Operation, onBegun?: () => void): Promise<unknown> {
  const { archives, snapshots } = pouch
  const { name } = operation
  switch (operation.do) {
    case 'create':
      return nothing(await pouch.createVolume({ name, ...given('driver', operation.driver), ...optionsOf(operation) }))
    case 'remove':
      return await pouch.removeVolume(name)
    case 'inspect':
      return inspected(await pouch.inspectVolume(name))
    case 'export': {
      const archive = await archives.export(name)
      onBegun?.()
      return await contentOf(archive)
    }
    case 'label':
      return nothing(await pouch.updateVolume(name, { labels: { [labelName]: operation.label } }))
    case 'resize':
      return nothing(await pouch.updateVolume(name, { sizeBytes: operation.sizeBytes }))
    case 'rename':
      return nothing(await pouch.renameVolume(name, operation.to))
    case 'snapshot':
      return nothing(await snapshots.create(name, { name: operation.snapshot }))
    case 'removeSnapshot':
      return await snapshots.remove(name, operation.snapshot)
    case 'restore':
      return await snapshots.restore(name, operation.snapshot)
    case 'clone': {
      const from = { volume: name, ...given('snapshot', operation.snapshot) }
      return nothing(await pouch.createVolume({ name: operation.to, from }))
    }
    case 'import':
      return nothing(await archives.import(inPieces(archiveOf(operation.content)), { name, ...optionsOf(operation) }))
    case 'migrate':
      return nothing(await archives.migrate(name, { driver: operation.driver, ...optionsOf(operation) }))
    default:
      // References are of containers there.
      throw new Error(`there is no route for ${operation.do}`)
  }
}

function given<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, string>)
}

const optionsOf = ({ options }: { readonly options?: Options }) => (options === undefined ? {} : { options })

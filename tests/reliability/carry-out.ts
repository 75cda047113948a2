import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'
import type { VolumeManager } from '@pouch/volume-core'
import type { Actor, Operation, Outcome } from './operation.js'
import { archiveOf, contentFiles, contentOf } from './volume-content.js'

/** Holds references for whoever is not asked for a name. */
export const holder = 'client'
/** The label that `label` sets. */
export const labelName = 'is'

/** What an inspection says of a volume that is being changed. */
export const betweenTwo = 'between two states'

/** Carries operations out by an engine in this process. */
export function engineActor(volumes: VolumeManager): Actor {
  return async (operation, onBegun) => await outcomeOf(carryOut(volumes, operation, onBegun))
}

/** How a promise ended. Whatever is no PouchError is a failure of the test. */
export async function outcomeOf(work: Promise<unknown>): Promise<Outcome> {
  try {
    const value = await work
    return value === undefined ? { code: 'ok' } : { code: 'ok', value }
  } catch (error) {
    if (!(error instanceof PouchError)) throw error
    return { code: error.code, value: error.message }
  }
}

/** A volume as the engine tells it, or the daemon. */
export interface ToldVolume {
  readonly driver: string
  readonly labels: Readonly<Record<string, string>>
  readonly sizeBytes?: number | undefined
  readonly snapshotCount: number
  readonly references: readonly { readonly id: string; readonly holder: string; readonly state: string }[]
  readonly status?: unknown
}

/** What an inspection shows, in the model's words. What the engine itself holds is left out. */
export function shownVolume({ driver, labels, sizeBytes, snapshotCount, references }: ToldVolume): unknown {
  const held = references.filter((reference) => !reference.holder.startsWith('pouch:'))
  return {
    driver,
    label: labels[labelName] ?? '',
    sizeBytes: sizeBytes ?? null,
    snapshots: snapshotCount,
    references: Object.fromEntries(held.map(({ id, state }) => [id, state])),
  }
}

/** Reads wait for nobody: what is in the middle of a change is shown as it is, which the model does not tell of. */
export function inspected(volume: ToldVolume): unknown {
  const isAtRest = volume.references.every(({ state }) => state === 'reserved' || state === 'mounted')
  return isAtRest && volume.status === undefined ? shownVolume(volume) : betweenTwo
}

async function carryOut(volumes: VolumeManager, operation: Operation, onBegun?: () => void): Promise<unknown> {
  const { name } = operation
  switch (operation.do) {
    case 'create':
      return nothing(await volumes.create(requestOf(operation)))
    case 'remove':
      return await volumes.remove(name)
    case 'inspect':
      return inspected(await volumes.get(name))
    case 'export': {
      const archive = await volumes.export(name)
      onBegun?.()
      return await contentOf(archive)
    }
    case 'label':
      return nothing(await volumes.update(name, { labels: { [labelName]: operation.label } }))
    case 'resize':
      return nothing(await volumes.update(name, { sizeBytes: operation.sizeBytes }))
    case 'rename':
      return nothing(await volumes.rename(name, operation.to))
    case 'snapshot':
      return nothing(await volumes.createSnapshot(name, { name: operation.snapshot }))
    case 'removeSnapshot':
      return await volumes.removeSnapshot(name, operation.snapshot)
    case 'restore':
      return await volumes.restoreSnapshot(name, operation.snapshot)
    case 'clone': {
      const { snapshot } = operation
      return nothing(await volumes.create({ name: operation.to, from: { volume: name, snapshot } }))
    }
    case 'import':
      return nothing(await volumes.import(requestOf(operation), inPieces(archiveOf(operation.content))))
    case 'migrate':
      return nothing(await volumes.migrate(name, { driver: operation.driver, options: operation.options }))
    case 'write':
      return await write(volumes, name, operation.content)
    case 'endExport':
      throw new Error('an export is ended by reading it')
    default:
      return await refer(volumes, operation.do, name, operation.reference)
  }
}

async function refer(volumes: VolumeManager, verb: string, name: string, id: string): Promise<void> {
  if (verb === 'reserve') nothing(await volumes.reserve(name, { holder, id }))
  else if (verb === 'attach') nothing(await volumes.attach(name, { holder, id }))
  else if (verb === 'mount') nothing(await volumes.mount(name, id))
  else if (verb === 'unmount') await volumes.unmount(name, id)
  else if (verb === 'release') await volumes.release(name, id)
  else await volumes.detach(name, id)
}

async function write(volumes: VolumeManager, name: string, content: string): Promise<void> {
  const { id, path } = await volumes.attach(name, { holder: 'writer' })
  if (path === undefined) throw new Error(`${name} has no path`)
  await fill(path, content)
  await volumes.detach(name, id)
}

async function fill(path: string, content: string): Promise<void> {
  await mkdir(join(path, 'sub'), { recursive: true })
  for (const name of contentFiles) await writeFile(join(path, name), content)
}

function requestOf({ name, driver, options }: { name: string; driver?: string; options?: Record<string, string> }) {
  return { name, driver, options }
}

/** An archive as it would come over a wire. */
export async function* inPieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1024) yield bytes.subarray(at, at + 1024)
}

/** For what answers with more than is compared. */
export const nothing = (_: unknown): undefined => undefined

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { VolumeEngine } from '@pouch/volume-core'
import { shownVolume } from './carry-out.js'
import { anywhere, type Place } from './place.js'
import { contentOf } from './volume-content.js'
import type { ModelState, ModelVolume } from './volume-model.js'

/** What an engine tells of its volumes, in the model's words. Snapshots are told with the content that they have once it is known. */
export async function toldBy({ volumes }: VolumeEngine): Promise<ModelState> {
  const { volumes: found, warnings } = await volumes.list()
  if (warnings.length > 0) throw new Error(`the list has warnings: ${warnings.join('; ')}`)
  const told: [string, ModelVolume][] = []
  for (const volume of found) {
    if (volume.status !== undefined) throw new Error(`${volume.name} is unfinished: ${volume.status.error}`)
    const shown = shownVolume(volume) as Omit<ModelVolume, 'content' | 'snapshots' | 'sizeBytes'>
    const snapshots = (await volumes.snapshots(volume.name)).map(({ name }) => [name, ''] as const)
    const content = await contentOf(await volumes.export(volume.name, { allowInconsistent: true }))
    const { sizeBytes } = volume
    told.push([volume.name, { ...shown, sizeBytes, content, snapshots: Object.fromEntries(snapshots) }])
  }
  return Object.fromEntries(told)
}

/** What each snapshot has, as a restore shows it. Changes the volumes: for the end of a check. */
export async function snapshotContents({ volumes }: VolumeEngine, state: ModelState): Promise<string[]> {
  const found: string[] = []
  for (const [name, { snapshots }] of Object.entries(state)) {
    for (const snapshot of Object.keys(snapshots)) {
      await volumes.restoreSnapshot(name, snapshot)
      found.push(`${name}@${snapshot}=${await contentOf(await volumes.export(name))}`)
    }
  }
  return found.sort()
}

/** Gives up all references. */
export async function detachAll({ volumes }: VolumeEngine): Promise<void> {
  for (const { volume, reference } of await volumes.references()) await volumes.detach(volume, reference.id)
}

/** Removes everything that an engine has, and nobody holds. */
export async function removeAll({ volumes }: VolumeEngine): Promise<void> {
  for (const { name } of (await volumes.list()).volumes) {
    for (const snapshot of await volumes.snapshots(name)) await volumes.removeSnapshot(name, snapshot.name)
    await volumes.remove(name)
  }
}

/**
 * What is on the host, in the home, and is no part of a volume that was told of; and what is missing. The kernel lets go of a loop device a
 * moment after the unmount, and a program that a killed process had started may be ending: what is different stays so.
 */
export async function differencesOnHost(home: string, told: ModelState, place: Place = anywhere): Promise<string[]> {
  const until = performance.now() + lingerMs
  for (;;) {
    const wanted = Object.entries(told).flatMap(([name, volume]) => partsOf(home, name, volume))
    const there = [...directoriesIn(home), ...mountsIn(home), ...loopDevicesOf(home)]
    const found = [...differences(wanted, there), ...(await place.differences(home, told))]
    if (found.length === 0 || performance.now() > until) return found
    await delay(20)
  }
}

const lingerMs = 1000

/** Keys that a store has from its first opening on. */
const ofTheStore = new Set(['engine/id', 'store/schema'])

/** What a closed engine without volumes has left: work that it had put aside, and keys that belong to nothing. */
export function leftAtRest(home: string, keys: readonly string[]): string[] {
  const aside = ['volume/.new', 'volume/.trash', '.other-unfinished', '.other-restored']
  const unfinished = aside.flatMap((folder) => listed(join(home, folder)).map((entry) => `${folder}/${entry}`))
  return [...unfinished, ...keys.filter((key) => !ofTheStore.has(key)).map((key) => `the key ${key}`)]
}

function partsOf(home: string, name: string, { driver, ...volume }: ModelVolume): string[] {
  const snapshots = Object.keys(volume.snapshots)
  const references = Object.entries(volume.references)
  const isMounted = references.some(([, state]) => state === 'mounted')
  if (driver === 'tmpfs') return isMounted ? [`tmpfs/${name}`, `mount tmpfs/${name}`] : []
  if (driver === 'other') {
    const links = references.flatMap(([id, state]) => (state === 'mounted' ? [`.other-mounts/${name}/${id}`] : []))
    return [`other/${name}`, ...snapshots.map((each) => `.other-snapshots/${name}/${each}`), ...links]
  }
  const kept = snapshots.map((each) => `volume/${name}/_snapshots/${each}`)
  const parts = [`volume/${name}`, `volume/${name}/_data`, ...kept]
  if (!existsSync(join(home, 'volume', name, '_image'))) return parts
  const mount = isMounted ? [`mount volume/${name}/_data`, `loop device of volume/${name}/_image/disk`] : []
  return [...parts, `volume/${name}/_image`, ...mount]
}

function directoriesIn(home: string): string[] {
  const found: string[] = []
  for (const name of listed(join(home, 'volume')).filter((entry) => !entry.startsWith('.'))) {
    const inside = listed(join(home, 'volume', name)).filter((entry) => entry !== '_snapshots')
    found.push(`volume/${name}`, ...inside.map((entry) => `volume/${name}/${entry}`))
    found.push(...below(home, `volume/${name}/_snapshots`))
  }
  found.push(...below(home, 'tmpfs'), ...below(home, 'other'))
  for (const folder of ['.other-snapshots', '.other-mounts']) {
    for (const name of listed(join(home, folder))) found.push(...below(home, `${folder}/${name}`))
  }
  return found
}

function mountsIn(home: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(`${home}/`))
    .map((target) => `mount ${target.slice(home.length + 1)}`)
}

function loopDevicesOf(home: string): string[] {
  return listed('/sys/block').flatMap((device) => {
    const file = join('/sys/block', device, 'loop/backing_file')
    const image = device.startsWith('loop') && existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
    return image.startsWith(`${home}/`) ? [`loop device of ${image.slice(home.length + 1)}`] : []
  })
}

function differences(wanted: readonly string[], found: readonly string[]): string[] {
  return [
    ...found.filter((each) => !wanted.includes(each)).map((each) => `${each} belongs to nobody`),
    ...wanted.filter((each) => !found.includes(each)).map((each) => `${each} is gone`),
  ]
}

const below = (home: string, folder: string) => listed(join(home, folder)).map((entry) => `${folder}/${entry}`)
const listed = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).sort() : [])

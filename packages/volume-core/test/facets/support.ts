import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PouchError } from '@pouch/errors'
import type { MetadataStore } from '@pouch/store'
import { type Driver, type DriverDefinition, type FacetName, facetNames } from '../../src/driver.js'
import { createVolumeEngine, type VolumeEngine } from '../../src/index.js'
import { memoryDriver } from '../../src/testing.js'

/** What happens around each call of a driver. */
export type Around = (call: string) => Promise<void>

/** A driver with something happening before and after each call of it. */
export function watched(definition: DriverDefinition, before: Around, after: Around = before): DriverDefinition {
  const around = <T>(owner: object, prefix: string): T =>
    new Proxy(owner, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key)
        const name = `${prefix}${String(key)}`
        if (facetNames.includes(name as FacetName) && typeof value === 'object' && value !== null) {
          return around(value, `${name}.`)
        }
        if (typeof value !== 'function' || untouched.has(String(key))) {
          return typeof value === 'function' ? value.bind(target) : value
        }
        return async (...args: unknown[]) => {
          await before(name)
          const result: unknown = await Reflect.apply(value, target, args)
          await after(name)
          return result
        }
      },
    }) as T
  return { ...definition, open: async (host) => around<Driver>(await definition.open(host), '') }
}

/** What only looks is no step of anything. */
const untouched = new Set(['concerns', 'close', 'describe', 'path', 'measure', 'check', 'get', 'list'])

/** A driver with calls of it replaced: `{ 'renaming.rename': … }`. */
export function replaced(definition: DriverDefinition, calls: Readonly<Record<string, unknown>>): DriverDefinition {
  const within = <T>(owner: object, prefix: string): T =>
    new Proxy(owner, {
      get(target, key) {
        const name = `${prefix}${String(key)}`
        if (Object.hasOwn(calls, name)) return calls[name]
        const value: unknown = Reflect.get(target, key)
        if (typeof value === 'function') return value.bind(target)
        const isFacet = facetNames.includes(name as FacetName) && value !== undefined
        return isFacet ? within(value as object, `${name}.`) : value
      },
    }) as T
  return { ...definition, open: async (host) => within<Driver>(await definition.open(host), '') }
}

export type Per = undefined | 'volume' | 'reference'

/** Every facet, but inventory unless asked for: with it the backend is the truth. */
export function fullDriver(name: string, per: Per = undefined, more: readonly FacetName[] = []): DriverDefinition {
  const facets = facetNames.filter((facet) => facet !== 'mounts' && facet !== 'inventory')
  return memoryDriver({ name, facets: [...facets, ...more], ...(per === undefined ? {} : { mounts: per }) })
}

/** An engine over two drivers, `local` and `other`. */
export async function openBoth(
  home: string,
  store: MetadataStore,
  per: Per,
  around: Around = async () => undefined,
): Promise<VolumeEngine> {
  const drivers = [fullDriver('local', per), fullDriver('other', per)].map((definition) => watched(definition, around))
  return await createVolumeEngine({ home, store, drivers, hostName: 'here' })
}

/** What is in a volume's file `data`. */
export function read(home: string, driver: string, volume: string): string | undefined {
  const file = join(home, driver, volume, 'data')
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

export function write(home: string, driver: string, volume: string, text: string): void {
  mkdirSync(join(home, driver, volume), { recursive: true })
  writeFileSync(join(home, driver, volume, 'data'), text)
}

/** What the drivers have on the host, as `driver/volume=content` and `driver/volume@snapshot`. */
export function onHost(home: string): string[] {
  return ['local', 'other'].flatMap((driver) => {
    const volumes = list(join(home, driver)).map((volume) => `${driver}/${volume}=${read(home, driver, volume) ?? ''}`)
    const kept = join(home, `.${driver}-snapshots`)
    const snapshots = list(kept).flatMap((volume) =>
      list(join(kept, volume)).map((snapshot) => `${driver}/${volume}@${snapshot}`),
    )
    const mounts = list(join(home, `.${driver}-mounts`)).map((volume) => `${driver}/${volume} is mounted`)
    const drafts = list(join(home, `.${driver}-unfinished`)).map((draft) => `${driver} left ${draft}`)
    return [...volumes, ...snapshots, ...mounts, ...drafts]
  })
}

/** What the engine tells of its volumes, in the words of {@link onHost}, and what is unfinished. */
export async function inEngine(home: string, { volumes }: VolumeEngine): Promise<{ told: string[]; odd: string[] }> {
  const { volumes: found, warnings } = await volumes.list()
  const told: string[] = []
  const odd = [...warnings]
  for (const { name, driver, references, status } of found) {
    told.push(`${driver}/${name}=${read(home, driver, name) ?? ''}`)
    told.push(...(await volumes.snapshots(name)).map((snapshot) => `${driver}/${name}@${snapshot.name}`))
    odd.push(...references.map(({ holder }) => `${name} is held by ${holder}`))
    if (status !== undefined) odd.push(`${name}: ${status.error}`)
  }
  return { told, odd }
}

/** All bytes of an archive. */
export async function bytesOf(archive: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of archive) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const list = (folder: string) => (existsSync(folder) ? readdirSync(folder).sort() : [])

/** The code of what a promise rejects with; `undefined` when it does not. */
export async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    return error instanceof PouchError ? error.code : `no PouchError: ${String(error)}`
  }
}

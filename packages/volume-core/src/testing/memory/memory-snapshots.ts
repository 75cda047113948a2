import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PouchError, throwIfAborted } from '@pouch/errors'
import type {
  CloneFacet,
  CloneRequest,
  DriverCall,
  DriverSnapshot,
  DriverVolume,
  SnapshotFacet,
  SnapshotRequest,
} from '../../driver.js'
import { copyDirectory, isThere, sizeOfDirectory } from './files.js'
import type { MemoryPlaces } from './memory-places.js'

const contentOf = (directory: string) => join(directory, 'content')
const factsOf = (directory: string) => join(directory, 'snapshot.json')

/** Snapshots that are copies, each with what the driver told about it. */
export class MemorySnapshots implements SnapshotFacet {
  readonly #places: MemoryPlaces

  constructor(places: MemoryPlaces) {
    this.#places = places
  }

  async create(volume: DriverVolume, request: SnapshotRequest, { signal }: DriverCall): Promise<DriverSnapshot> {
    throwIfAborted(signal, { op: 'snapshot', subject: volume.name })
    const target = this.#places.snapshot(volume.name, request.name)
    if (await isThere(target)) return await readFacts(target)
    const source = await wholeVolume(this.#places, volume, 'snapshot', request)
    await mkdir(this.#places.snapshotsOf(volume.name), { recursive: true })
    await this.#places.build(target, async (directory) => {
      await mkdir(directory)
      await copyDirectory(source, contentOf(directory))
      const { bytes } = await sizeOfDirectory(contentOf(directory))
      const isConsistent = !request.isMounted
      const facts: DriverSnapshot = { name: request.name, method: 'copy', isConsistent, sizeBytes: bytes }
      await writeFile(factsOf(directory), JSON.stringify(facts))
    })
    return await readFacts(target)
  }

  async remove(volume: DriverVolume, snapshot: DriverSnapshot, { signal }: DriverCall) {
    throwIfAborted(signal, { op: 'snapshot.remove', subject: volume.name })
    await this.#places.drop(this.#places.snapshot(volume.name, snapshot.name))
    const directory = this.#places.snapshotsOf(volume.name)
    if ((await isThere(directory)) && (await readdir(directory)).length === 0) await this.#places.drop(directory)
  }

  async list(volume: DriverVolume): Promise<DriverSnapshot[]> {
    const directory = this.#places.snapshotsOf(volume.name)
    if (!(await isThere(directory))) return []
    return await Promise.all((await readdir(directory)).map((name) => readFacts(join(directory, name))))
  }

  async restore(volume: DriverVolume, snapshot: DriverSnapshot, { signal }: DriverCall) {
    throwIfAborted(signal, { op: 'snapshot.restore', subject: volume.name })
    const source = await wholeSnapshot(this.#places, volume, snapshot, 'restore')
    await this.#places.replace(volume.name, (directory) => copyDirectory(source, directory))
  }
}

/** Clones that are copies. */
export class MemoryCloning implements CloneFacet {
  readonly #places: MemoryPlaces

  constructor(places: MemoryPlaces) {
    this.#places = places
  }

  async clone(volume: DriverVolume, request: CloneRequest, { signal }: DriverCall) {
    throwIfAborted(signal, { op: 'clone', subject: volume.name })
    const target = this.#places.volume(volume.name)
    const size = volume.sizeBytes ?? volume.options.size
    const answer = { state: { made: true }, ...(typeof size === 'number' ? { sizeBytes: size } : {}) }
    if (await isThere(target)) return answer
    const { source, snapshot } = request
    const content =
      snapshot === undefined
        ? await wholeVolume(this.#places, source, 'clone', request)
        : await wholeSnapshot(this.#places, source, snapshot, 'clone')
    await this.#places.build(target, (directory) => copyDirectory(content, directory))
    return answer
  }
}

/** Where a volume's content may be copied from. */
async function wholeVolume(
  places: MemoryPlaces,
  { name }: DriverVolume,
  op: string,
  { isMounted, allowInconsistent }: { readonly isMounted: boolean; readonly allowInconsistent: boolean },
): Promise<string> {
  if (isMounted && !allowInconsistent) {
    const text = 'it is in use, and a copy would not be of one moment: stop its users, or allow an inconsistent copy'
    throw new PouchError('in-use', text, { op, subject: name })
  }
  const path = places.volume(name)
  if (await isThere(path)) return path
  throw new PouchError('not-found', 'there is no such volume', { op, subject: name })
}

async function wholeSnapshot(places: MemoryPlaces, volume: DriverVolume, { name }: DriverSnapshot, op: string) {
  const directory = places.snapshot(volume.name, name)
  if (await isThere(directory)) return contentOf(directory)
  throw new PouchError('not-found', `there is no snapshot ${name} of it`, { op, subject: volume.name })
}

async function readFacts(directory: string): Promise<DriverSnapshot> {
  return JSON.parse(await readFile(factsOf(directory), 'utf8')) as DriverSnapshot
}

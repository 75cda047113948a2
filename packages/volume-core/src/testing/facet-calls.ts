import assert from 'node:assert/strict'
import type {
  CloneRequest,
  DriverSnapshot,
  DriverVolume,
  FacetName,
  FoundVolume,
  Usage,
  VolumeDescription,
} from '../driver.js'
import { deepFreeze } from '../driver-volume.js'
import type { DriverSubject } from './driver-subject.js'

/** How a snapshot or a clone is asked for; a volume at rest unless told. */
export interface CopyCall {
  readonly isMounted?: boolean
  readonly allowInconsistent?: boolean
  readonly signal?: AbortSignal
}

const never = new AbortController().signal

/** The facets of a driver under test, called as the engine calls them; what they make is noted with the subject. */
export class FacetCalls {
  readonly #subject: DriverSubject

  constructor(subject: DriverSubject) {
    this.#subject = subject
  }

  async describe(name: string): Promise<VolumeDescription> {
    const { driver } = this.#subject
    const nothing: VolumeDescription = { without: {}, facts: {} }
    return (await driver.describe?.(this.#volume(name), this.#subject.call())) ?? nothing
  }

  async find(name: string): Promise<FoundVolume | undefined> {
    return await this.#facet('inventory').get(name, this.#subject.call())
  }

  async list(): Promise<readonly FoundVolume[]> {
    return await this.#facet('inventory').list(this.#subject.call())
  }

  async resize(name: string, sizeBytes: number, signal: AbortSignal = never): Promise<void> {
    const volume = this.#volume(name)
    const answer = await this.#facet('resizing').resize(volume, sizeBytes, this.#subject.call(signal))
    const size = answer?.sizeBytes ?? sizeBytes
    assert.ok(Number.isSafeInteger(size) && size >= 0, `resize answered a size of ${size} bytes`)
    this.#subject.keep(name, { ...answer, sizeBytes: size })
  }

  async snapshot(name: string, snapshot: string, how: CopyCall = {}): Promise<DriverSnapshot> {
    const { isMounted = false, allowInconsistent = false, signal = never } = how
    const request = Object.freeze({ name: snapshot, isMounted, allowInconsistent })
    const made = await this.#facet('snapshots').create(this.#volume(name), request, this.#subject.call(signal))
    this.#subject.snapshotsOf(name).set(snapshot, deepFreeze(structuredClone(made) as never))
    return made
  }

  async removeSnapshot(name: string, snapshot: string): Promise<void> {
    const volume = this.#volume(name)
    await this.#facet('snapshots').remove(volume, this.#snapshot(name, snapshot), this.#subject.call())
  }

  /** The names of a volume's snapshots, in order. */
  async snapshots(name: string): Promise<string[]> {
    const found = await this.#facet('snapshots').list(this.#volume(name), this.#subject.call())
    return found.map((each) => each.name).sort()
  }

  async restore(name: string, snapshot: string, signal: AbortSignal = never): Promise<void> {
    const call = this.#subject.call(signal)
    await this.#facet('snapshots').restore(this.#volume(name), this.#snapshot(name, snapshot), call)
  }

  /** Clones a volume, or `volume@snapshot`, into one of the same options and of the size that the source has by now. */
  async clone(from: string, to: string, how: CopyCall = {}): Promise<void> {
    const [source = '', snapshot] = from.split('@')
    const { isMounted = false, allowInconsistent = false, signal = never } = how
    const origin = this.#volume(source)
    const request: CloneRequest = Object.freeze({
      source: origin,
      isMounted,
      allowInconsistent,
      ...(snapshot === undefined ? {} : { snapshot: this.#snapshot(source, snapshot) }),
    })
    this.#subject.note(to)
    const { sizeBytes } = origin
    const volume = Object.freeze({ ...this.#volume(to), sizeBytes })
    const created = await this.#facet('cloning').clone(volume, request, this.#subject.call(signal))
    this.#subject.keep(to, { ...(sizeBytes === undefined ? {} : { sizeBytes }), ...created })
  }

  async rename(from: string, to: string, signal: AbortSignal = never): Promise<void> {
    const volume = this.#volume(from)
    this.#subject.name(to)
    const answer = await this.#facet('renaming').rename(volume, to, this.#subject.call(signal))
    this.#subject.renamed(from, to, answer)
  }

  async measure(name: string): Promise<Usage> {
    return await this.#facet('usage').measure(this.#volume(name), this.#subject.call())
  }

  #volume(name: string): DriverVolume {
    return this.#subject.volume(name)
  }

  /** As the driver made it; one that it never made, for tests that ask for what is not there. */
  #snapshot(volume: string, name: string): DriverSnapshot {
    const known = this.#subject.snapshotsOf(volume).get(name)
    return known ?? Object.freeze({ name, method: 'copy', isConsistent: true })
  }

  #facet<F extends FacetName>(name: F): NonNullable<DriverSubject['driver'][F]> {
    const facet = this.#subject.driver[name]
    assert.ok(facet !== undefined, `the driver has no facet ${name}`)
    return facet
  }
}

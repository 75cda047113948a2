import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { memoryStore } from '@pouch/store'
import type {
  CreatedVolume,
  Driver,
  DriverCall,
  DriverSnapshot,
  DriverVolume,
  Mounted,
  MountFacet,
  ReferenceInfo,
} from '../driver.js'
import { DriverState } from '../driver-state.js'
import { deepFreeze } from '../driver-volume.js'
import { typedOptions } from '../options.js'
import { silentLogger } from '../silent-logger.js'
import { FacetCalls } from './facet-calls.js'
import { assertNothingLeft, type HostState, hostState } from './leftovers.js'
import type { DriverSuiteOptions, SuiteSubject } from './suite-options.js'

interface Known {
  created: CreatedVolume | undefined
  readonly mounts: Map<string, { readonly reference: ReferenceInfo; readonly mounted: Mounted }>
  readonly snapshots: Map<string, DriverSnapshot>
}

/**
 * A driver under test, called as the engine calls it: with typed, frozen records, and with the state that it gave. Notes what is made, so
 * that a failed test leaves nothing either.
 */
export class DriverSubject {
  readonly subject: SuiteSubject
  /** The facets other than mounts. */
  readonly facets: FacetCalls
  readonly #options: DriverSuiteOptions
  readonly #engineId = randomBytes(16).toString('hex')
  readonly #store = memoryStore()
  readonly #known = new Map<string, Known>()
  readonly #names = new Set<string>()
  #driver: Driver
  #before: HostState | undefined

  private constructor(subject: SuiteSubject, options: DriverSuiteOptions) {
    this.subject = subject
    this.facets = new FacetCalls(this)
    this.#options = options
    this.#driver = notOpen
  }

  /** Opens a fresh subject's driver. */
  static async open(options: DriverSuiteOptions): Promise<DriverSubject> {
    const subject = new DriverSubject(await options.open(), options)
    try {
      await subject.#openDriver()
      subject.#before = await hostState(subject.subject.home)
      return subject
    } catch (error) {
      await subject.subject.dispose()
      throw error
    }
  }

  get driver(): Driver {
    return this.#driver
  }

  /** The facet, in a test that needs it. */
  get mounts(): MountFacet {
    const { mounts } = this.#driver
    assert.ok(mounts !== undefined, 'the driver has no facet mounts')
    return mounts
  }

  /** Whether a volume has to be mounted before it is used. */
  isToBeMounted(name: string): boolean {
    const { mounts } = this.#driver
    if (mounts === undefined) return false
    return mounts.concerns?.(this.volume(name)) ?? true
  }

  get isDurable(): boolean {
    return this.#driver.traits.durable
  }

  async create(name: string, signal?: AbortSignal): Promise<CreatedVolume | undefined> {
    this.note(name)
    const created = await this.#driver.create(this.volume(name), this.call(signal))
    this.keep(name, created)
    return created
  }

  /** Notes a name that nothing may be left of. */
  name(name: string): void {
    this.#names.add(name)
  }

  /** Notes a volume that is about to be made, so that it is removed in the end. */
  note(name: string): void {
    this.name(name)
    this.#knownOf(name)
  }

  /** Keeps what the driver said about a volume, to hand it back. What it did not say stays. */
  keep(name: string, answer: CreatedVolume | undefined): void {
    const known = this.#knownOf(name)
    known.created = { ...known.created, ...answer }
  }

  /** A volume has another name from now on. */
  renamed(from: string, to: string, answer: CreatedVolume | undefined): void {
    const known = this.#known.get(from)
    if (known === undefined) return
    this.#known.delete(from)
    this.#known.set(to, known)
    this.keep(to, answer)
  }

  /** The snapshots that were made of a volume. */
  snapshotsOf(name: string): Map<string, DriverSnapshot> {
    return this.#known.get(name)?.snapshots ?? new Map()
  }

  async remove(name: string): Promise<void> {
    await this.#driver.remove(this.volume(name), this.call())
    this.#known.delete(name)
  }

  async path(name: string): Promise<string | undefined> {
    return await this.#driver.path(this.volume(name), this.call())
  }

  async mount(name: string, id = 'r1', signal?: AbortSignal): Promise<string> {
    const reference = Object.freeze({ id, holder: `holder-of-${id}`, readOnly: false })
    const mounted = await this.mounts.mount(this.volume(name), reference, this.call(signal))
    this.#knownOf(name).mounts.set(id, { reference, mounted })
    return mounted.path
  }

  async unmount(name: string, id = 'r1'): Promise<void> {
    const known = this.#knownOf(name).mounts.get(id)
    const reference = known?.reference ?? Object.freeze({ id, holder: `holder-of-${id}`, readOnly: false })
    const state = deepFreeze(known?.mounted.state)
    await this.mounts.unmount(this.volume(name), reference, state, this.call())
  }

  /** Runs `action` where the volume is usable: mounted for the time, when the driver mounts. */
  async use<T>(name: string, action: (path: string) => Promise<T>): Promise<T> {
    if (!this.isToBeMounted(name)) {
      const path = await this.path(name)
      assert.ok(path !== undefined, `the volume ${name} is there, and path does not tell where`)
      return await action(path)
    }
    const path = await this.mount(name, 'use')
    try {
      return await action(path)
    } finally {
      await this.unmount(name, 'use')
    }
  }

  /** Closes the driver and opens it again, as a restart of the engine does. */
  async reopen(): Promise<void> {
    await this.#driver.close()
    await this.#openDriver()
  }

  /** The record as the driver gets it: frozen, so that a driver that changes it fails. */
  volume(name: string): DriverVolume {
    const created = this.#known.get(name)?.created
    return Object.freeze({
      name,
      options: Object.freeze({ ...typedOptions(this.subject.definition, this.#options.volumeOptions ?? {}) }),
      labels: Object.freeze({ 'made-by': 'suite' }),
      state: deepFreeze(created?.state === undefined ? undefined : structuredClone(created.state)),
      sizeBytes: created?.sizeBytes,
    })
  }

  call(signal: AbortSignal = new AbortController().signal): DriverCall {
    return { signal, log: silentLogger }
  }

  /** Removes what the test made. @throws when the driver left something behind */
  async settle(): Promise<void> {
    await this.#removeAll()
    await this.#driver.close()
    if (this.#before !== undefined) await assertNothingLeft(this.subject, this.#before, this.#names)
  }

  /** After a failed test: takes away what it can. The failure that matters has been thrown already. */
  async abandon(): Promise<void> {
    await this.#removeAll().catch(() => undefined)
    await this.#driver.close().catch(() => undefined)
  }

  async #removeAll(): Promise<void> {
    for (const [name, { mounts, snapshots }] of [...this.#known]) {
      for (const id of mounts.keys()) await this.unmount(name, id)
      for (const snapshot of snapshots.keys()) await this.facets.removeSnapshot(name, snapshot)
      await this.remove(name)
    }
  }

  async #openDriver(): Promise<void> {
    const { definition, home } = this.subject
    const state = new DriverState(this.#store, definition.name)
    const host = { home, engineId: this.#engineId, hostName: 'test-host', state, log: silentLogger, clock: Date.now }
    this.#driver = await definition.open(Object.freeze(host))
  }

  #knownOf(name: string): Known {
    const known = this.#known.get(name) ?? { created: undefined, mounts: new Map(), snapshots: new Map() }
    this.#known.set(name, known)
    return known
  }
}

const refuse = async (): Promise<never> => {
  throw new Error('the driver is not open')
}

const notOpen: Driver = {
  name: '',
  traits: { scope: 'local', durable: false, accessModes: [] },
  create: refuse,
  remove: refuse,
  path: refuse,
  close: async () => undefined,
}

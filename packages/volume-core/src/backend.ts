import { PouchError } from '@pouch/errors'
import type {
  Driver,
  DriverCall,
  DriverDefinition,
  DriverVolume,
  FacetName,
  MountFacet,
  VolumeDescription,
} from './driver.js'
import { callDriver } from './driver-call.js'
import { type ScopeSubject, scopeOf } from './driver-scope.js'
import { type DriverSubject, driverVolume } from './driver-volume.js'
import type { EngineParts, Look } from './engine-parts.js'
import { verbWords } from './verb-words.js'

/** A volume at its driver: whom to call about it, and with what. */
export class Backend {
  readonly definition: DriverDefinition
  readonly driver: Driver
  readonly volume: DriverVolume
  readonly #parts: EngineParts
  readonly #subject: DriverSubject & ScopeSubject
  #description: VolumeDescription | undefined

  /** @throws PouchError `not-found` for an unknown driver, `unavailable` for one that is not open */
  constructor(parts: EngineParts, subject: DriverSubject & ScopeSubject, verb: string) {
    const { definition, driver } = parts.drivers.get(subject.driver, verb, subject.name)
    this.definition = definition
    this.driver = driver
    this.volume = driverVolume(definition, subject)
    this.#parts = parts
    this.#subject = subject
  }

  /** How it is mounted; `undefined` when it is always there. */
  get mounts(): MountFacet | undefined {
    const { mounts } = this.driver
    return mounts?.concerns?.(this.volume) === false ? undefined : mounts
  }

  /** Calls the driver, in the name of an operation. */
  async call<T>(verb: string, work: Look, call: (call: DriverCall) => Promise<T>): Promise<T> {
    return await callDriver(scopeOf(this.#parts, verb, this.#subject, work), call)
  }

  /** What holds for this volume alone. */
  async describe(work: Look): Promise<VolumeDescription> {
    const { driver, volume } = this
    if (driver.describe === undefined) return nothingSpecial
    const scope = scopeOf(this.#parts, 'describe', this.#subject, work)
    this.#description ??= await callDriver(
      scope,
      async (call) => (await driver.describe?.(volume, call)) ?? nothingSpecial,
    )
    return this.#description
  }

  /** The facet of an operation. @throws PouchError `unsupported` with the reason, when the driver or this volume lacks it */
  async require<F extends FacetName>(facet: F, verb: string, work: Look): Promise<NonNullable<Driver[F]>> {
    const found: Driver[F] | undefined = this.driver[facet]
    if (found === undefined || found === null) throw this.#lacks(facet, verb, this.#whoElse(facet))
    const reason = (await this.describe(work)).without[facet]
    if (reason !== undefined) throw this.#lacks(facet, verb, reason)
    return found
  }

  #whoElse(facet: FacetName): string {
    const { name } = this.driver
    const others = this.#parts.drivers.infos().filter(({ facets }) => facets.includes(facet))
    const way =
      others.length === 0 ? 'none of the drivers can' : `these can: ${others.map((info) => info.name).join(', ')}`
    return `driver ${name} cannot do that with any volume; ${way}`
  }

  #lacks(facet: FacetName, verb: string, reason: string): PouchError {
    const { name, driver } = this.#subject
    return new PouchError('unsupported', `${verbWords(verb)} ${name}: ${reason}`, {
      op: `volume.${verb}`,
      subject: name,
      details: { driver, facet },
    })
  }
}

const nothingSpecial: VolumeDescription = Object.freeze({ without: Object.freeze({}), facts: Object.freeze({}) })

import { isPouchError, PouchError } from '@pouch/errors'
import type { MetadataStore } from '@pouch/store'
import {
  type Driver,
  type DriverDefinition,
  type DriverTraits,
  driverContract,
  type FacetName,
  facetNames,
  type Logger,
  type OptionTable,
} from './driver.js'
import { DriverState } from './driver-state.js'
import { missingOperations } from './facet-operations.js'
import { checkOptionTable } from './options.js'
import { scrubbed } from './scrubbed.js'

/** A driver as the engine shows it. */
export interface DriverInfo {
  readonly name: string
  /** The version that it tells. */
  readonly version: string | undefined
  /** `failed`: it could not be opened. Its volumes are listed and cannot be used; all others work. */
  readonly state: 'open' | 'failed'
  /** Why it could not be opened. */
  readonly error: PouchError | undefined
  readonly traits: DriverTraits | undefined
  /** The facets that it has. */
  readonly facets: readonly FacetName[]
  readonly options: OptionTable | 'passthrough'
  /** Whether volumes of no named driver are its. */
  readonly isDefault: boolean
}

/** A driver that works, with its definition. */
export interface OpenDriver {
  readonly definition: DriverDefinition
  readonly driver: Driver
}

/** What drivers are opened with. */
export interface DriverSurroundings {
  readonly home: string
  readonly engineId: string
  readonly hostName: string
  readonly store: MetadataStore
  readonly log: Logger
  readonly clock: () => number
  readonly timeoutMs: number
  /** What of its recorded volumes a driver may not tell when it fails to open. */
  readonly secretsOf: (definition: DriverDefinition) => readonly string[]
}

/** A driver's place in the table. */
export interface DriverSlot {
  readonly definition: DriverDefinition
  readonly driver: Driver | undefined
  readonly error: PouchError | undefined
}

const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/

/** Whether a driver may have this name. */
export function isDriverName(name: unknown): name is string {
  return typeof name === 'string' && namePattern.test(name)
}

/** The drivers of an engine, by name. */
export class DriverTable {
  readonly #slots: Map<string, DriverSlot>
  readonly #defaultDriver: string
  #offered: readonly string[] = []
  #infos: readonly DriverInfo[] | undefined

  private constructor(slots: Map<string, DriverSlot>, defaultDriver: string) {
    this.#slots = slots
    this.#defaultDriver = defaultDriver
  }

  /**
   * Checks the definitions and opens them, all at a time. One that fails to open is kept as failed.
   *
   * @throws PouchError `invalid-argument` for a malformed or duplicate definition, `unsupported` for one of a newer contract
   */
  static async open(
    definitions: readonly DriverDefinition[],
    defaultDriver: string,
    around: DriverSurroundings,
  ): Promise<DriverTable> {
    checkDefinitions(definitions)
    const slots = await Promise.all(definitions.map((definition) => openDriver(definition, around)))
    return new DriverTable(new Map(slots.map((slot) => [slot.definition.name, slot])), defaultDriver)
  }

  get defaultDriver(): string {
    return this.#defaultDriver
  }

  /** The driver, when it is known and open. */
  find(name: string): OpenDriver | undefined {
    const slot = this.#slots.get(name)
    return slot?.driver === undefined ? undefined : { definition: slot.definition, driver: slot.driver }
  }

  /** What is known of a driver's options, also of one that could not be opened: its secrets stay secrets. */
  definitionOf(name: string): DriverDefinition | undefined {
    return this.#slots.get(name)?.definition
  }

  /** Whether there is a driver of this name, open or not. */
  has(name: string): boolean {
    return this.#slots.has(name)
  }

  isOpen(name: string): boolean {
    return this.#slots.get(name)?.driver !== undefined
  }

  /** Takes the names that could be had besides, for {@link get} to tell. */
  offer(names: readonly string[]): void {
    this.#offered = names
  }

  /** Takes a driver that appeared while the engine runs. */
  put(slot: DriverSlot): void {
    this.#slots.set(slot.definition.name, slot)
    this.#infos = undefined
  }

  /** Forgets a driver that is not open. */
  drop(name: string): void {
    if (!this.isOpen(name)) this.remove(name)
  }

  /** Forgets a driver, which whoever asks for that closes. */
  remove(name: string): void {
    this.#slots.delete(name)
    this.#infos = undefined
  }

  /** @throws PouchError `not-found` with the known drivers, `unavailable` for one that could not be opened */
  get(name: string, verb: string, volume: string): OpenDriver {
    const found = this.find(name)
    if (found !== undefined) return found
    const slot = this.#slots.get(name)
    const known = [...new Set([...this.#slots.keys(), ...this.#offered])].sort()
    const at = { op: `volume.${verb}`, subject: volume, details: { driver: name, drivers: known } }
    if (slot !== undefined) {
      const why = slot.error?.message ?? 'it is closed'
      throw new PouchError('unavailable', `${verb} ${volume}: ${why}`, { ...at, cause: slot.error })
    }
    const list = known.length === 0 ? 'there is none' : `known drivers: ${known.join(', ')}`
    throw new PouchError('not-found', `${verb} ${volume}: volume driver ${JSON.stringify(name)} not found; ${list}`, at)
  }

  /** Those that are open, in the order of their definitions. */
  open(): OpenDriver[] {
    return [...this.#slots.values()].flatMap(({ definition, driver }) =>
      driver === undefined ? [] : [{ definition, driver }],
    )
  }

  /** Whether one of those that are open has a facet. */
  anyHas(facet: FacetName): boolean {
    for (const { driver } of this.#slots.values()) if (driver?.[facet] !== undefined) return true
    return false
  }

  /** All drivers, in the order of their definitions. */
  infos(): readonly DriverInfo[] {
    this.#infos ??= Object.freeze([...this.#slots.values()].map((slot) => infoOf(slot, this.#defaultDriver)))
    return this.#infos
  }

  /** Closes every driver. @throws the first failure, once all were closed */
  async close(): Promise<void> {
    const open = [...this.#slots.values()].flatMap(({ driver }) => (driver === undefined ? [] : [driver]))
    const results = await Promise.allSettled(open.map(async (driver) => await driver.close()))
    const failed = results.findIndex((result) => result.status === 'rejected')
    const result = results[failed]
    if (result?.status !== 'rejected') return
    const name = open[failed]?.name ?? ''
    throw PouchError.from(result.reason, { message: `driver ${name} did not close`, op: 'driver.close', subject: name })
  }
}

function infoOf({ definition, driver, error }: DriverSlot, defaultDriver: string): DriverInfo {
  return Object.freeze({
    name: definition.name,
    version: definition.version,
    state: driver === undefined ? 'failed' : 'open',
    error,
    traits: driver?.traits,
    facets: Object.freeze(driver === undefined ? [] : facetsOf(driver)),
    options: definition.options,
    isDefault: definition.name === defaultDriver,
  } as const)
}

/** The facets that a driver has. */
export function facetsOf(driver: Driver): FacetName[] {
  return facetNames.filter((facet) => driver[facet] !== undefined)
}

/**
 * Checks definitions before they are opened.
 *
 * @throws PouchError `invalid-argument` for a malformed or duplicate definition, `unsupported` for one of a newer contract
 */
export function checkDefinitions(definitions: readonly DriverDefinition[]): void {
  const names = new Set<string>()
  for (const definition of definitions) {
    const { name, contract, options } = definition
    if (!isDriverName(name)) {
      throw badDriver('invalid-argument', String(name), 'a driver name has lower-case letters, digits and hyphens')
    }
    if (!Number.isInteger(contract) || contract < 1)
      throw badDriver('invalid-argument', name, 'it does not tell its contract')
    if (contract > driverContract) {
      const text = `it was written for contract ${contract} and this engine has ${driverContract}: use a newer @pouch/volume-core`
      throw badDriver('unsupported', name, text)
    }
    if (names.has(name)) throw badDriver('invalid-argument', name, 'two drivers have this name')
    names.add(name)
    if (options !== 'passthrough') checkOptionTable(name, options)
  }
}

/** Opens a driver. One that fails to open has its error in the slot. */
export async function openDriver(definition: DriverDefinition, around: DriverSurroundings): Promise<DriverSlot> {
  try {
    const driver = await openInTime(definition, around)
    checkDriver(definition, driver)
    return { definition, driver, error: undefined }
  } catch (cause) {
    const error = PouchError.from(scrubbed(openError(definition.name, cause), around.secretsOf(definition)))
    around.log.error({ driver: definition.name, err: error }, 'a volume driver could not be opened and is disabled')
    return { definition, driver: undefined, error }
  }
}

async function openInTime(definition: DriverDefinition, around: DriverSurroundings): Promise<Driver> {
  const { home, engineId, hostName, clock, timeoutMs } = around
  const log = discreet(around.log, () => around.secretsOf(definition))
  const state = new DriverState(around.store, definition.name)
  const host = Object.freeze({ home, engineId, hostName, state, log, clock })
  const opening = (async () => await definition.open(host))()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const giveUp = () => {
      void closeLatecomer(definition.name, opening, log)
      reject(new PouchError('timeout', `it did not open within ${timeoutMs} ms`))
    }
    timer = setTimeout(giveUp, timeoutMs)
  })
  return await Promise.race([opening, late]).finally(() => clearTimeout(timer))
}

/** What a driver logs of a failure may quote its volumes too. */
function discreet(log: Logger, secrets: () => readonly string[]): Logger {
  const clean = (fields: object) => ('err' in fields ? { ...fields, err: scrubbed(fields.err, secrets()) } : fields)
  return {
    debug: (fields, message) => log.debug(clean(fields), message),
    info: (fields, message) => log.info(clean(fields), message),
    warn: (fields, message) => log.warn(clean(fields), message),
    error: (fields, message) => log.error(clean(fields), message),
  }
}

/** A driver that opens after all is let go of: nothing will ever use it. */
async function closeLatecomer(name: string, opening: Promise<Driver>, log: Logger): Promise<void> {
  try {
    const driver = await opening
    await driver.close()
  } catch (error) {
    log.warn({ driver: name, err: error }, 'a volume driver that was given up did not open, or did not close')
  }
}

function checkDriver(definition: DriverDefinition, driver: Driver): void {
  const missing = (['create', 'remove', 'path', 'close'] as const).filter(
    (method) => typeof driver[method] !== 'function',
  )
  if (driver.name !== definition.name)
    throw new PouchError('invalid-argument', `it calls itself '${driver.name}' once open`)
  if (missing.length > 0) throw new PouchError('invalid-argument', `it lacks ${missing.join(', ')}`)
  if (driver.traits?.scope !== 'local' && driver.traits?.scope !== 'global') {
    throw new PouchError('invalid-argument', 'its traits tell no scope')
  }
  for (const facet of facetsOf(driver)) {
    const lacking = missingOperations(driver, facet)
    if (lacking.length === 0) continue
    const text = `its facet ${facet} lacks ${lacking.join(' and ')}: a driver has all of a facet or none of it`
    throw new PouchError('invalid-argument', text)
  }
  const per = driver.mounts?.per
  if (driver.mounts !== undefined && per !== 'volume' && per !== 'reference') {
    throw new PouchError('invalid-argument', "its facet mounts is neither per 'volume' nor per 'reference'")
  }
}

function openError(driver: string, cause: unknown): PouchError {
  const error = PouchError.from(cause)
  const code = isPouchError(cause) && error.code !== 'aborted' ? error.code : 'unavailable'
  return new PouchError(code, `volume driver ${driver} could not be opened: ${error.message}`, {
    op: 'driver.open',
    subject: driver,
    cause,
  })
}

function badDriver(code: 'invalid-argument' | 'unsupported', driver: string, why: string): PouchError {
  return new PouchError(code, `volume driver '${driver}' cannot be used: ${why}`, {
    op: 'driver.open',
    subject: driver,
  })
}

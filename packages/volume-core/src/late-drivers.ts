import { abortError, PouchError } from '@pouch/errors'
import { type DriverCall, type DriverDefinition, driverContract } from './driver.js'
import type { DriverSource } from './driver-source.js'
import {
  checkDefinitions,
  type DriverSlot,
  type DriverSurroundings,
  type DriverTable,
  isDriverName,
  openDriver,
} from './driver-table.js'

/** A list that is to warn of a driver does not wait long for a source that may take the reason away. */
const dismissalMs = 200

/** Drivers that are looked for in the engine's sources when somebody uses their name. */
export class LateDrivers {
  readonly #table: DriverTable
  readonly #sources: readonly DriverSource[]
  readonly #around: DriverSurroundings
  /** Those that came from a source. One that the engine was opened with is none of theirs, even if it failed. */
  readonly #own = new Set<string>()
  readonly #pending = new Map<string, Promise<void>>()
  readonly #stop = new AbortController()
  #onOpened: (name: string) => void = () => undefined

  constructor(table: DriverTable, sources: readonly DriverSource[], around: DriverSurroundings) {
    this.#table = table
    this.#sources = sources
    this.#around = around
  }

  /** Told of each driver that has been opened. */
  set onOpened(listener: (name: string) => void) {
    this.#onOpened = listener
  }

  /** Whether {@link summon} may make a driver available that is not. Costs nothing where there are no sources. */
  mayHave(name: string): boolean {
    if (this.#sources.length === 0 || this.#table.isOpen(name)) return false
    return !this.#table.has(name) || this.#own.has(name)
  }

  /**
   * Looks for a driver and opens it, once for all who ask at a time. Afterwards the table tells what came of it: the driver is there,
   * or failed with its error, or unknown.
   *
   * @throws PouchError `aborted` or `timeout` when the signal fires first; the search goes on for the next who asks
   */
  async summon(name: string, signal?: AbortSignal): Promise<void> {
    if (!this.mayHave(name) || !isDriverName(name) || this.#stop.signal.aborted) return
    let search = this.#pending.get(name)
    if (search === undefined) {
      search = this.#search(name).finally(() => this.#pending.delete(name))
      this.#pending.set(name, search)
    }
    await orAborted(search, signal)
  }

  /**
   * Lets go of a driver from a source that has it no more, such as a plugin that was removed from the host. One that a source still has,
   * or cannot tell of, stays.
   *
   * @param isUsed whether there are volumes of it; asked at the last moment
   * @returns whether it is gone
   */
  async dismiss(name: string, isUsed: () => boolean): Promise<boolean> {
    if (!this.#own.has(name) || isUsed() || (await this.#isStillThere(name)) || isUsed()) return false
    const { driver } = this.#table.find(name) ?? {}
    this.#own.delete(name)
    this.#table.remove(name)
    this.#around.log.info({ driver: name }, 'a volume driver is forgotten that is no longer on this host')
    await driver?.close()
    return true
  }

  async #isStillThere(name: string): Promise<boolean> {
    try {
      return (await this.#find(name, dismissalMs)) !== undefined
    } catch (error) {
      this.#around.log.debug({ driver: name, err: error }, 'whether a volume driver is still there cannot be told')
      return true
    }
  }

  /** Resolves when the searches in flight have ended, or the time is over. */
  async settled(timeoutMs: number): Promise<void> {
    if (this.#pending.size === 0) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs)
    })
    await Promise.race([Promise.all(this.#pending.values()), late]).finally(() => clearTimeout(timer))
  }

  /** Ends the searches in flight, and begins none any more. */
  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#pending.values())
  }

  /** Never rejects: what went wrong is in the table. */
  async #search(name: string): Promise<void> {
    const slot = await this.#slotOf(name)
    if (slot === undefined) {
      if (this.#own.delete(name)) this.#table.drop(name)
      this.#table.offer(await this.#names())
      return
    }
    this.#own.add(name)
    this.#table.put(slot)
    if (slot.driver !== undefined) this.#onOpened(name)
  }

  async #slotOf(name: string): Promise<DriverSlot | undefined> {
    try {
      const definition = await this.#find(name, this.#around.timeoutMs)
      if (definition === undefined) return undefined
      checkDefinitions([definition])
      if (definition.name !== name) throw otherName(name, definition.name)
      return await openDriver(definition, this.#around)
    } catch (cause) {
      const error = PouchError.from(cause)
      this.#around.log.warn({ driver: name, err: error }, 'a volume driver that was asked for cannot be used')
      return { definition: standIn(name, error), driver: undefined, error }
    }
  }

  async #find(name: string, timeoutMs: number): Promise<DriverDefinition | undefined> {
    const { log } = this.#around
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)])
    const call: DriverCall = { signal, log }
    for (const source of this.#sources) {
      const found = await orAborted(source.find(name, call), signal)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** What could be had. A source that cannot tell is logged and left out. */
  async #names(): Promise<string[]> {
    const told = this.#sources.map(async (source) => {
      try {
        return (await source.names?.()) ?? []
      } catch (error) {
        this.#around.log.warn({ err: error }, 'a source of volume drivers could not tell what it has')
        return []
      }
    })
    return (await Promise.all(told)).flat()
  }
}

/** What a driver is shown as whose definition nobody could tell. */
function standIn(name: string, error: PouchError): DriverDefinition {
  return { contract: driverContract, name, options: 'passthrough', open: () => Promise.reject(error) }
}

function otherName(name: string, answered: string): PouchError {
  const text = `volume driver '${name}' cannot be used: its source answered a driver called '${answered}'`
  return new PouchError('invalid-argument', text, { op: 'driver.find', subject: name })
}

/** What is shared goes on when one of those who wait leaves. */
function orAborted<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return shared
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortError(signal, { op: 'driver.find' }))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    shared.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject)
  })
}

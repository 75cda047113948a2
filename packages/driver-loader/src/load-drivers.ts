import { PouchError } from '@pouch/errors'
import { type DriverDefinition, driverContract } from '@pouch/volume-core/driver'
import type { DriverEntry } from './driver-entry.js'
import { loadDriver } from './driver-package.js'
import { TrustedPaths } from './trusted-paths.js'

/** Options of {@link loadDrivers}. */
export interface DriverLoadOptions {
  /** The engine's home, absolute: packages are looked for in `<home>/drivers/node_modules`, after the configuration file's directory. */
  readonly home: string
  /** The names of drivers that are there already. A package whose driver has one of them is refused. */
  readonly reserved: readonly string[]
  /** Milliseconds that the import and the factory of one package may take; 30,000 unless told. */
  readonly timeoutMs?: number
}

/**
 * Loads the drivers that a configuration file names, to be passed to `createVolumeEngine`. Each is found from the file's directory,
 * as Node would, or below the home; never from the working directory. The configuration file, the package, its dependencies and every
 * directory on the way have to belong to root or the user of this process and to be writable by nobody else.
 *
 * A package that cannot be loaded costs itself alone: it is answered as a driver that cannot be opened, so that the engine shows it as
 * failed, with the reason.
 *
 * @throws PouchError `permission-denied` when others can write the configuration file; it could name anything
 */
export async function loadDrivers(
  entries: readonly DriverEntry[],
  options: DriverLoadOptions,
): Promise<DriverDefinition[]> {
  if (entries.length === 0) return []
  const paths = new TrustedPaths()
  for (const file of new Set(entries.map(({ declaredIn }) => declaredIn))) await trustFile(file, paths)
  const { home, timeoutMs = 30_000 } = options
  const outcomes = await Promise.all(
    entries.map(async (entry) => await outcomeOf(entry, inTime(loadDriver(entry, home, paths), entry, timeoutMs))),
  )
  return withOwnNames(outcomes, options.reserved)
}

interface Outcome {
  readonly entry: DriverEntry
  readonly definition: DriverDefinition | undefined
  readonly error: PouchError | undefined
}

async function trustFile(file: string, paths: TrustedPaths): Promise<void> {
  try {
    await paths.resolve(file)
  } catch (cause) {
    const { code, message } = PouchError.from(cause)
    const text = `the configuration file ${file} names drivers and is not trusted: ${message}`
    throw new PouchError(code, text, { op: 'drivers.config', subject: file, cause })
  }
}

async function outcomeOf(entry: DriverEntry, loading: Promise<DriverDefinition>): Promise<Outcome> {
  try {
    return { entry, definition: await loading, error: undefined }
  } catch (error) {
    return { entry, definition: undefined, error: PouchError.from(error) }
  }
}

/** A module that waits for ever at its top would keep the engine from starting. */
async function inTime<T>(work: Promise<T>, { package: name }: DriverEntry, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const text = `the driver package ${name} is not loaded: its import and its factory took more than ${timeoutMs} ms`
    timer = setTimeout(() => reject(new PouchError('timeout', text, { op: 'drivers.load', subject: name })), timeoutMs)
  })
  return await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** The drivers that were loaded have their names; then those that were not get one to be shown under. */
function withOwnNames(outcomes: readonly Outcome[], reserved: readonly string[]): DriverDefinition[] {
  const taken = new Set(reserved)
  const named = outcomes.map((outcome): Outcome => {
    const { entry, definition } = outcome
    if (definition === undefined) return outcome
    if (!taken.has(definition.name)) {
      taken.add(definition.name)
      return outcome
    }
    return { entry, definition: undefined, error: nameTaken(entry, definition.name, reserved) }
  })
  return named.map(({ entry, definition, error }) => definition ?? standIn(freeName(entry, taken), error))
}

function nameTaken({ package: name }: DriverEntry, driver: string, reserved: readonly string[]): PouchError {
  const who = reserved.includes(driver) ? "one of Pouch's own drivers" : 'another driver of the configuration file'
  const text = `the driver package ${name} is not loaded: its driver is called '${driver}', as ${who} is`
  return new PouchError('already-exists', text, { op: 'drivers.load', subject: name, details: { driver } })
}

/** The name that was configured, or the one that the package's name suggests: volumes of the driver then say why they cannot be used. */
function freeName({ package: name, name: told }: DriverEntry, taken: Set<string>): string {
  const plain = (text: string) => text.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')
  const own = plain(name.replace(/^@[^/]*\//, '').replace(/^pouch-(?:volume-)?/, ''))
  const whole = plain(name)
  const numbered = Array.from({ length: taken.size + 1 }, (_, index) => `${whole.slice(0, 56)}-${index + 2}`)
  const candidates = [told ?? own, own, whole, ...numbered]
  const free = candidates.find((each) => each !== '' && each.length <= 63 && !taken.has(each)) ?? 'unknown'
  taken.add(free)
  return free
}

function standIn(name: string, error: PouchError | undefined): DriverDefinition {
  const why = error ?? new PouchError('internal', 'it could not be loaded')
  return Object.freeze<DriverDefinition>({
    contract: driverContract,
    name,
    options: 'passthrough',
    open: () => Promise.reject(why),
  })
}

import { PouchError } from '@pouch/errors'
import type { DriverDefinition } from '@pouch/volume-core'
import { local } from '@pouch/volume-local'
import { tmpfs } from '@pouch/volume-tmpfs'

interface Choice {
  /** What the factory takes: the name on the command line, and the factory's own. */
  readonly options: Readonly<Record<string, string>>
  make(options: Readonly<Record<string, string>>): DriverDefinition
}

const choices: ReadonlyMap<string, Choice> = new Map<string, Choice>([
  ['local', { options: { root: 'root' }, make: (options) => local(options) }],
  ['tmpfs', { options: { root: 'root', size: 'defaultSize' }, make: (options) => tmpfs(options) }],
])

/** The drivers that are here without a package of somebody else's. */
export const ownDrivers: readonly string[] = Object.freeze([...choices.keys()])

/**
 * One of the own drivers, set up with options as they were typed.
 *
 * @throws PouchError `not-found` for an unknown driver, `invalid-argument` for an unknown or bad option
 */
export function ownDriver(name: string, given: Readonly<Record<string, string>>): DriverDefinition {
  const choice = choices.get(name)
  if (choice === undefined) {
    const text = `there is no volume driver '${name}': choose one of ${ownDrivers.join(', ')}, or name its package in a --config-file`
    throw new PouchError('not-found', text, { op: 'driver.choose', subject: name, details: { drivers: ownDrivers } })
  }
  const options: Record<string, string> = {}
  for (const [key, value] of Object.entries(given)) {
    const field = Object.hasOwn(choice.options, key) ? choice.options[key] : undefined
    if (field === undefined) throw unknownOption(name, key, Object.keys(choice.options))
    options[field] = value
  }
  return choice.make(options)
}

function unknownOption(driver: string, option: string, known: string[]): PouchError {
  const text = `the driver ${driver} has no option '${option}': it knows ${known.join(', ')}. Options of volumes go to docker volume create -o`
  return new PouchError('invalid-argument', text, {
    op: 'driver.choose',
    subject: driver,
    details: { option, knownOptions: known },
  })
}

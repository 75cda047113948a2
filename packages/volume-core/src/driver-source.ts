import type { DriverCall, DriverDefinition } from './driver.js'

/**
 * Where drivers come from that nobody named when the engine was opened, such as a directory of plugins. The engine asks its
 * sources for a driver when its name is first used, opens what they answer, and keeps it until it is closed. A driver
 * that could not be opened is asked for again by the next use.
 */
export interface DriverSource {
  /**
   * Looks for a driver. Any number of names may be looked for at a time, and each of them again.
   *
   * @param name lower-case letters, digits and `-`, checked by the engine
   * @returns a definition of this name; `undefined`, without any wait, when the source has none
   * @throws PouchError when the source has one that cannot be used, with the way out
   */
  find(name: string, call: DriverCall): Promise<DriverDefinition | undefined>
  /** The names that the source has now, for people to choose from. */
  names?(): Promise<readonly string[]>
}

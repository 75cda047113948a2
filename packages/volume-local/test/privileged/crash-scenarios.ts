import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Driver, DriverCall, DriverSnapshot, DriverVolume, OptionValue } from '@pouch/volume-core/driver'

/** Something that a driver does in several steps, each of which may be its last. */
export interface CrashScenario {
  readonly name: string
  readonly prepare?: (driver: Driver) => Promise<void>
  /** Run by a process that is killed, and once more by one that is not. */
  readonly act: (driver: Driver) => Promise<void>
  /** After both. */
  readonly check: (driver: Driver) => Promise<void>
}

const silent = () => undefined

/** A call that nobody cancels. */
export const call: DriverCall = {
  signal: new AbortController().signal,
  log: { debug: silent, info: silent, warn: silent, error: silent },
}

const reference = { id: 'r1', holder: 'crash', readOnly: false }
const request = { name: 'snap', isMounted: false, allowInconsistent: false }
const snapshot: DriverSnapshot = { name: 'snap', method: '', isConsistent: true }

/** The volumes of the scenarios, by what they are made of. */
export function volumeNamed(name: string, options: Record<string, OptionValue>): DriverVolume {
  const quota = options.quota
  const state = typeof quota === 'string' ? { quota } : undefined
  const sizeBytes = typeof options.size === 'number' ? options.size : undefined
  return { name, options, labels: {}, state, sizeBytes }
}

/** The scenarios for volumes with these options. */
export function crashScenarios(options: Record<string, OptionValue>): readonly CrashScenario[] {
  const data = volumeNamed('data', options)
  const use = async <T>(driver: Driver, volume: DriverVolume, action: (path: string) => Promise<T>): Promise<T> => {
    const isMounting = driver.mounts?.concerns?.(volume) === true
    const path = isMounting
      ? (await driver.mounts?.mount(volume, reference, call))?.path
      : await driver.path(volume, call)
    try {
      return await action(path ?? '')
    } finally {
      if (isMounting) await driver.mounts?.unmount(volume, reference, undefined, call)
    }
  }
  const write = async (driver: Driver, text: string) =>
    await use(driver, data, async (path) => await writeFile(join(path, 'file'), text, { flush: true }))
  const expectText = async (driver: Driver, volume: DriverVolume, wanted: string) => {
    const text = await use(driver, volume, async (path) => await readFile(join(path, 'file'), 'utf8'))
    if (text !== wanted) throw new Error(`${volume.name} holds ${JSON.stringify(text)}, and not ${wanted}`)
  }
  const planted = async (driver: Driver) => {
    await driver.create(data, call)
    await write(driver, 'snapped')
    await driver.snapshots?.create(data, request, call)
    await write(driver, 'now')
  }
  const renamed = { ...data, name: 'renamed' }
  const clone = { ...data, name: 'clone' }
  return [
    {
      name: 'create',
      act: async (driver) => void (await driver.create({ ...data, state: undefined }, call)),
      check: async (driver) => await write(driver, 'usable'),
    },
    {
      name: 'snapshot',
      prepare: async (driver) => {
        await driver.create(data, call)
        await write(driver, 'snapped')
      },
      act: async (driver) => void (await driver.snapshots?.create(data, request, call)),
      check: async (driver) => {
        await write(driver, 'later')
        await driver.snapshots?.restore(data, snapshot, call)
        await expectText(driver, data, 'snapped')
      },
    },
    {
      name: 'restore',
      prepare: planted,
      act: async (driver) => {
        const text = await use(driver, data, async (path) => await readFile(join(path, 'file'), 'utf8'))
        if (text !== 'now' && text !== 'snapped') throw new Error(`neither the one state nor the other: ${text}`)
        await driver.snapshots?.restore(data, snapshot, call)
      },
      check: async (driver) => await expectText(driver, data, 'snapped'),
    },
    {
      name: 'clone',
      prepare: planted,
      act: async (driver) => {
        const source = { source: data, isMounted: false, allowInconsistent: false }
        await driver.cloning?.clone({ ...clone, state: undefined }, source, call)
      },
      check: async (driver) => await expectText(driver, clone, 'now'),
    },
    {
      name: 'rename',
      prepare: planted,
      act: async (driver) => void (await driver.renaming?.rename(data, 'renamed', call)),
      check: async (driver) => {
        await expectText(driver, renamed, 'now')
        const kept = await driver.snapshots?.list(renamed, call)
        if (kept?.length !== 1) throw new Error('the snapshot did not come along')
      },
    },
    {
      name: 'remove',
      prepare: planted,
      act: async (driver) => await driver.remove(data, call),
      check: async (driver) => {
        if ((await driver.path(data, call)) !== undefined) throw new Error('it is still there')
      },
    },
  ]
}

/** Removes whatever the scenarios made. */
export async function removeAll(driver: Driver, root: string, options: Record<string, OptionValue>): Promise<void> {
  for (const name of ['data', 'renamed', 'clone']) {
    if (existsSync(join(root, name))) await driver.remove(volumeNamed(name, options), call)
  }
}

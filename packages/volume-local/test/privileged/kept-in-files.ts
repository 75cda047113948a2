import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DriverHost, DriverStateArea, JsonValue } from '@pouch/volume-core/driver'

/** A driver's state in files, so that a process which is killed leaves it to the next one. */
export function keptInFiles(folder: string): DriverStateArea {
  mkdirSync(folder, { recursive: true })
  const fileOf = (key: string) => join(folder, createHash('sha256').update(key).digest('hex'))
  const entries = () =>
    readdirSync(folder)
      .filter((name) => !name.endsWith('.part'))
      .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as { key: string; value: JsonValue })
  return {
    get: async (key) => entries().find((entry) => entry.key === key)?.value,
    set: async (key, value) => {
      writeFileSync(`${fileOf(key)}.part`, JSON.stringify({ key, value }))
      renameSync(`${fileOf(key)}.part`, fileOf(key))
    },
    delete: async (key) => rmSync(fileOf(key), { force: true }),
    list: async function* () {
      yield* entries()
    },
  }
}

/** An engine's side of a driver whose home is `<base>/home`. */
export function hostIn(base: string): DriverHost {
  const silent = () => undefined
  return {
    home: join(base, 'home'),
    engineId: 'e'.repeat(32),
    hostName: 'host',
    state: keptInFiles(join(base, 'state')),
    log: { debug: silent, info: silent, warn: silent, error: silent },
    clock: Date.now,
  }
}

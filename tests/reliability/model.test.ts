import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PouchClient } from '@pouch/client'
import { memoryStore } from '@pouch/store'
import { sqliteStore } from '@pouch/store-sqlite'
import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import { type DriverDefinition, facetNames } from '@pouch/volume-core/driver'
import { memoryDriver } from '@pouch/volume-core/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { openVolumeServer } from '../../packages/daemon/test/support/volume-server.js'
import { engineActor } from './carry-out.js'
import { historyOf, type Passage } from './history.js'
import { detachAll, removeAll, toldBy } from './host-truth.js'
import { httpActor } from './http-volumes.js'
import { linearization } from './linearization.js'
import { clients, programs } from './programs.js'
import { type ModelState, summaryOf } from './volume-model.js'

const seed = Number(process.env.POUCH_TEST_SEED ?? Date.now() % 1_000_000)
/** How many sequences run; by HTTP and over SQLite a part of that. */
const sequences = Number(process.env.POUCH_TEST_SEQUENCES ?? 2000)

// Nothing is killed here: what waits for a disk only takes time.
const inMemory = '/dev/shm'
const folder = mkdtempSync(join(existsSync(inMemory) ? inMemory : tmpdir(), 'pouch-model-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const freshHome = () => mkdtempSync(join(folder, 'home-'))

const drivers = (): DriverDefinition[] => {
  const facets = facetNames.filter((facet) => facet !== 'inventory')
  return [
    memoryDriver({ name: 'local', mounts: 'volume', facets }),
    memoryDriver({ name: 'other', mounts: 'reference', facets }),
  ]
}

describe(`${clients} clients at a time against the model (seed ${seed})`, { timeout: 900_000 }, () => {
  it('the engine over a store in memory', async () => {
    await check(sequences, true, async (run) => {
      const home = freshHome()
      await using engine = await createVolumeEngine({ home, drivers: drivers(), store: memoryStore() })
      const passages = await historyOf(engineActor(engine.volumes), run)
      expectPossible(passages, await toldBy(engine))
      await expectRemovable(engine, home)
    })
  })

  it('the engine over SQLite, opened anew before the end', async () => {
    await check(Math.ceil(sequences / 8), true, async (run) => {
      const home = freshHome()
      const passages = await overSqlite(home, (engine) => historyOf(engineActor(engine.volumes), run))
      await overSqlite(home, async (engine) => {
        expectPossible(passages, await toldBy(engine))
        await expectRemovable(engine, home)
      })
    })
  })

  it('a daemon over HTTP', async () => {
    const server = await openVolumeServer({ drivers: drivers() })
    const client = new PouchClient({ host: `unix://${server.socket}` })
    try {
      await check(Math.ceil(sequences / 8), false, async (run) => {
        const passages = await historyOf(httpActor(client), run)
        const found = await toldBy(server.volumes)
        // Before what is wrong is told: the next sequence needs the names.
        await expectRemovable(server.volumes, server.home)
        expectPossible(passages, found)
      })
    } finally {
      client.close()
      await server.close()
    }
  })
})

async function check(
  numRuns: number,
  hasReferences: boolean,
  run: (clients: Parameters<typeof historyOf>[1]) => Promise<void>,
): Promise<void> {
  const began = performance.now()
  let operations = 0
  const property = fc.asyncProperty(programs({ hasReferences }), async (each) => {
    operations += each.flat().length
    await run(each)
  })
  await fc.assert(property, { numRuns, seed, endOnFailure: false })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  process.stdout.write(`${numRuns} sequences, ${operations} operations, ${seconds} s\n`)
}

/** Whatever the clients saw, and what there is now, is what the model says of some order of their operations. */
function expectPossible(passages: readonly Passage[], found: ModelState): void {
  const summary = summaryOf(found)
  const order = linearization(passages, (state) => summaryOf(state) === summary)
  if (order !== undefined) return
  const seen = [...passages]
    .sort((one, other) => one.begunAt - other.begunAt)
    .map(({ client, operation, outcome, begunAt, endedAt }) => {
      return `client ${client}, ${begunAt} to ${endedAt}: ${JSON.stringify(operation)} ${JSON.stringify(outcome)}`
    })
  throw new Error(`no order of the operations explains what was seen:\n${seen.join('\n')}\nand in the end ${summary}`)
}

async function overSqlite<T>(home: string, work: (engine: VolumeEngine) => Promise<T>): Promise<T> {
  const store = await sqliteStore({ path: join(home, 'pouch.db') })
  try {
    await using engine = await createVolumeEngine({ home, drivers: drivers(), store })
    return await work(engine)
  } finally {
    await store.close()
  }
}

/** Removes all that there is; then the drivers have nothing in their folders. */
async function expectRemovable(engine: VolumeEngine, home: string): Promise<void> {
  await detachAll(engine)
  await removeAll(engine)
  expect((await engine.volumes.list()).volumes).toEqual([])
  const folders = readdirSync(home, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const left = folders.flatMap(({ name }) => readdirSync(join(home, name)).map((entry) => `${name}/${entry}`))
  expect(left).toEqual([])
}

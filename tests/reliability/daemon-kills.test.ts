import { PouchClient } from '@pouch/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../crash/random.js'
import { RunningPouchd } from '../running-pouchd.js'
import { differencesOnHost } from './host-truth.js'
import { httpActor, toldByDaemon } from './http-volumes.js'
import { underLoad } from './load.js'
import { LoadJournal } from './load-journal.js'
import type { Actor } from './operation.js'
import type { ModelState } from './volume-model.js'

const seed = Number(process.env.POUCH_TEST_SEED ?? Date.now() % 1_000_000)
const rounds = Number(process.env.POUCH_TEST_ROUNDS ?? 6)
const minutes = Number(process.env.POUCH_TEST_MINUTES ?? 0)

describe(`pouchd under load by HTTP, killed at any moment (seed ${seed})`, () => {
  let daemon: RunningPouchd
  let client: PouchClient
  beforeAll(async () => {
    daemon = await RunningPouchd.start()
    client = new PouchClient({ host: daemon.address })
  })
  afterAll(async () => {
    client?.close()
    await daemon?.remove()
  })

  it('loses nothing that was acknowledged, and leaves no orphan', { timeout: minutes * 60_000 + 300_000 }, async () => {
    const random = new SeededRandom(seed)
    const until = performance.now() + minutes * 60_000
    let state: ModelState = {}
    let acknowledged = 0
    let kills = 0
    while (kills < rounds || performance.now() < until) {
      const journal = new LoadJournal(state)
      const killed = new AbortController()
      const load = { seed: random.between(1, 1_000_000), state }
      const working = underLoad(untilKilled(httpActor(client), killed.signal), load, (event) => journal.add(event), {
        isRemote: true,
      })
      setTimeout(() => void daemon.kill().then(() => killed.abort()), random.between(20, 800))
      await working.catch(unlessKilled)
      await daemon.start()
      state = await expectKept(journal, `seed ${seed}, kill ${kills + 1}`)
      kills += 1
      acknowledged += journal.acknowledged
    }
    process.stdout.write(`${kills} kills of pouchd, ${acknowledged} acknowledged operations: 0 lost, 0 orphans\n`)
  })

  /** @returns the state from which the clients go on */
  async function expectKept(journal: LoadJournal, at: string): Promise<ModelState> {
    const told = await toldByDaemon(client)
    const contradictions = journal.contradictions(told)
    expect({ at, contradictions }).toEqual({ at, contradictions: [] })
    expect({ at, differences: await differencesOnHost(daemon.home, told) }).toEqual({ at, differences: [] })
    return journal.settled(told)
  }
})

class Killed extends Error {}

/** An actor for whom the end of the connection is the end of the daemon: nothing was acknowledged. */
function untilKilled(act: Actor, killed: AbortSignal): Actor {
  return async (operation) => {
    const outcome = await act(operation)
    if (outcome.code !== 'timeout' && outcome.code !== 'unavailable') return outcome
    await new Promise((resolve) => (killed.aborted ? resolve(undefined) : killed.addEventListener('abort', resolve)))
    throw new Killed()
  }
}

function unlessKilled(error: unknown): void {
  if (!(error instanceof Killed)) throw error
}

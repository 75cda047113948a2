import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../crash/random.js'
import { buildVictim } from './build-victim.js'
import { expectWhole, onHome } from './crash-check.js'
import { differencesOnHost, toldBy } from './host-truth.js'
import { LoadJournal } from './load-journal.js'
import { openSubject } from './subject.js'
import type { VictimProgram } from './victim-program.js'
import type { ModelState } from './volume-model.js'

const seed = Number(process.env.POUCH_TEST_SEED ?? Date.now() % 1_000_000)
const rounds = Number(process.env.POUCH_TEST_ROUNDS ?? 12)
const minutes = Number(process.env.POUCH_TEST_MINUTES ?? 0)

describe(`a process under load that is killed at any moment (seed ${seed})`, () => {
  let program: VictimProgram
  beforeAll(async () => {
    program = await buildVictim()
  })
  afterAll(() => program?.remove())

  it('loses nothing that was acknowledged, and leaves no orphan', { timeout: minutes * 60_000 + 300_000 }, async () => {
    const random = new SeededRandom(seed)
    const until = performance.now() + minutes * 60_000
    const counted = { kills: 0, acknowledged: 0 }
    await onHome(async (home) => {
      let state: ModelState = {}
      while (counted.kills < rounds || performance.now() < until) {
        const journal = new LoadJournal(state)
        const load = { seed: random.between(1, 1_000_000), state }
        const events = await program.runAndKill({ home, load }, random.between(5, 700))
        for (const event of events) if (event.event === 'asked' || event.event === 'answered') journal.add(event)
        state = await expectKept(home, journal, `seed ${seed}, kill ${counted.kills + 1}`)
        counted.kills += 1
        counted.acknowledged += journal.acknowledged
      }
      await expectWhole(home, [state], 'the end')
    })
    const { kills, acknowledged } = counted
    process.stdout.write(`${kills} kills under load, ${acknowledged} acknowledged operations: 0 lost, 0 orphans\n`)
  })
})

/** @returns the state from which the clients go on */
async function expectKept(home: string, journal: LoadJournal, at: string): Promise<ModelState> {
  const subject = await openSubject(home)
  try {
    const told = await toldBy(subject.engine)
    const contradictions = journal.contradictions(told)
    expect({ at, contradictions }).toEqual({ at, contradictions: [] })
    expect({ at, differences: await differencesOnHost(home, told) }).toEqual({ at, differences: [] })
    return journal.settled(told)
  } finally {
    await subject.close()
  }
}

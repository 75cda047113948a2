import { PouchClient } from '@pouch/client'
import { sqliteStore } from '@pouch/store-sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../crash/random.js'
import { allowedStates, contentsIn } from './crash-check.js'
import { containerActor, removeAllOf, toldWithContainers } from './daemon/container-references.js'
import { type DaemonCase, daemonCases } from './daemon/daemon-cases.js'
import { FaultyPouchd } from './daemon/faulty-pouchd.js'
import type { KillPoint } from './daemon/messages.js'
import { differencesOnHost, leftAtRest } from './host-truth.js'
import { recoveryPoints } from './kill-recovery.js'
import { type ModelState, summaryOf } from './volume-model.js'

/** Two writes of a container's record are under way at a time when it starts; which is the first one is not told. */
const named = (step: string) => step.replace(/(container\/…) lazily$/, '$1')
/** As long as tests/crash waits for the same. */
const lingerMs = 15_000
const seed = Number(process.env.POUCH_TEST_SEED ?? Date.now() % 1_000_000)
/** How many recoveries are killed. */
const recoveryKills = Number(process.env.POUCH_TEST_RECOVERY_KILLS ?? 4)
const acknowledged = 'after the acknowledgement'

describe(`pouchd, killed at any step of an operation that is asked for by HTTP (seed ${seed})`, () => {
  let pouchd: FaultyPouchd
  let client: PouchClient
  const counted = { kills: 0, recoveries: 0, atStep: 0, acknowledged: 0 }

  beforeAll(async () => {
    pouchd = await FaultyPouchd.start()
    client = new PouchClient({ host: pouchd.daemon.address })
    await pouchd.daemon.loadBusybox()
  })
  afterAll(async () => {
    client?.close()
    await pouchd?.remove()
    const { kills, recoveries, atStep } = counted
    process.stdout.write(
      `seed ${seed}: ${kills} kills of pouchd at its steps, ${recoveries} recoveries killed (${atStep} at a step, the others once it answered), ` +
        `${counted.acknowledged} acknowledged operations: 0 lost, 0 orphans\n`,
    )
  })

  it.each(daemonCases)('$title', { timeout: 300_000 }, async (each) => {
    expect((await stepsOf(each)).map(named)).toEqual(each.steps.map(named))
    const killed: string[] = []
    // What comes after a step is what comes before the next. The last point is never reached.
    const points = ['before', ...each.steps.map((_, index) => index + 1), 'never'] as const
    for (const point of points) killed.push(named(await killAt(each, point)))
    const wanted = [`before ${each.steps[0]}`, ...each.steps.map((step) => `after ${step}`), acknowledged]
    expect(killed.sort()).toEqual(wanted.map(named).sort())
  })

  it('at steps of the recovery from a kill', { timeout: 600_000 }, async () => {
    const random = new SeededRandom(seed)
    for (let index = 0; index < recoveryKills; index += 1) {
      const each = random.pick(daemonCases)
      if (each === undefined) return
      await killTwice(each, random.between(1, each.steps.length), random.between(1, recoveryPoints))
    }
  })

  it('has left nothing in the home', async () => {
    const { home } = pouchd.daemon
    expect(await pouchd.daemon.stop()).toBe(0)
    const store = await sqliteStore({ path: `${home}/pouch.db` })
    const keys: string[] = []
    for await (const { key } of store.list('')) if (/^(volume|driver|container)/.test(key)) keys.push(key)
    await store.close()
    expect(leftAtRest(home, keys)).toEqual([])
    expect(counted.kills).toBe(daemonCases.reduce((sum, { steps }) => sum + steps.length + 2, 0))
  })

  /** What a daemon does for a case that nobody kills it in. */
  async function stepsOf(each: DaemonCase): Promise<readonly string[]> {
    expect(await carriedOut(each, 'never')).toBe(true)
    const steps = await pouchd.steps()
    await removeAllOf(client, await toldWithContainers(client))
    return steps
  }

  /** @returns where it died */
  async function killAt(each: DaemonCase, point: KillPoint): Promise<string> {
    const isDone = await carriedOut(each, point)
    const at = (await pouchd.end(isDone)) ?? acknowledged
    await pouchd.daemon.start()
    await expectKept(allowedBy(each, isDone), `${each.title}, ${at}`)
    counted.kills += 1
    counted.acknowledged += each.prepare.length + (isDone ? 1 : 0)
    return at
  }

  /** Kills it after a step, and its recovery from that before or after another. */
  async function killTwice(each: DaemonCase, first: number, second: number): Promise<void> {
    const isDone = await carriedOut(each, first)
    const at = await pouchd.end(isDone)
    const again = await pouchd.startDying(second)
    await pouchd.daemon.start()
    await expectKept(allowedBy(each, isDone), `${each.title}, ${at}, then ${again ?? 'once it answered'}`)
    counted.recoveries += 1
    counted.atStep += again === undefined ? 0 : 1
    counted.acknowledged += each.prepare.length + (isDone ? 1 : 0)
  }

  /** @returns whether it was acknowledged; otherwise the connection has ended */
  async function carriedOut({ prepare, run }: DaemonCase, killAt: KillPoint): Promise<boolean> {
    const act = containerActor(client)
    for (const operation of prepare) expect(await act(operation)).toMatchObject({ code: 'ok' })
    await pouchd.arm(killAt)
    const outcome = await act(run)
    if (outcome.code === 'ok') return true
    expect(outcome).toMatchObject({ code: expect.stringMatching(/^(timeout|unavailable)$/) })
    return false
  }

  /** That one of the states is there, on the host as well, and can be removed until nothing is. */
  async function expectKept(allowed: readonly ModelState[], at: string): Promise<void> {
    const { home } = pouchd.daemon
    const told = await toldWithContainers(client)
    const found = allowed.find((state) => summaryOf(state) === summaryOf(told))
    if (found === undefined) expect({ at, told }).toEqual({ at, oneOf: allowed })
    const differences = await differencesOnHost(home, told)
    expect({ at, differences: differences.filter(isOfVolumes) }).toEqual({ at, differences: [] })
    expect({ at, contents: await removeAllOf(client, told) }).toEqual({ at, contents: contentsIn(found ?? {}) })
    expect({ at, differences: await settledDifferences(home) }).toEqual({ at, differences: [] })
  }
})

/** Containers that are there have their root mounted. */
const isOfVolumes = (difference: string) => !difference.startsWith('mount containerd/')

/** What is left where nothing should be. What containerd does not know any more, pouchd looks for during some seconds after its start. */
async function settledDifferences(home: string): Promise<string[]> {
  const until = performance.now() + lingerMs
  for (;;) {
    const found = await differencesOnHost(home, {})
    if (found.length === 0 || performance.now() > until) return found
  }
}

/** A container is created and then started, and is stopped before it is removed: between the two it holds the volume and does not use it. */
function allowedBy(each: DaemonCase, isDone: boolean): ModelState[] {
  const states = allowedStates(each, isDone)
  if (isDone || (each.run.do !== 'attach' && each.run.do !== 'detach')) return states
  const between = allowedStates({ ...each, prepare: each.prepare.slice(0, 1), run: reserved }, true)
  return [...states, ...between]
}

const reserved = { do: 'reserve', name: 'vol', reference: 'ref' } as const

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasCode } from '@pouch/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createVolumeEngine, type VolumeEngine, type VolumeManager } from '../src/index.js'
import { CrashingProcess, CrashingStore, crashingDriver, Disk, Host } from './support/crashing-process.js'

type Per = undefined | 'volume' | 'reference'
/** What is known of a volume: absent, or its references and whether each is mounted. */
type Known = undefined | Readonly<Record<string, 'reserved' | 'mounted'>>

interface Step {
  readonly title: string
  readonly after: Known
  run(volumes: VolumeManager): Promise<unknown>
}

const clients = 6
const roundsOfCrashes = 4
const sequences = 70

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'pouch-volume-core-'))
})
afterAll(() => rm(home, { recursive: true }))

describe.each([
  ['without mounts', undefined],
  ['mounted per volume', 'volume'],
  ['mounted per reference', 'reference'],
] as const)('clients at work while the process dies again and again, %s', (_, per) => {
  it('loses nothing that was acknowledged, and leaves nothing behind', async () => {
    let crashes = 0
    for (let seed = 1; seed <= sequences; seed += 1) crashes += await runSequence(seed, per)
    expect(crashes).toBeGreaterThan(sequences * 2)
  })
})

/** @returns how many times the process died while clients were at work */
async function runSequence(seed: number, per: Per): Promise<number> {
  const random = mulberry32(seed)
  const disk = new Disk()
  const host = new Host()
  const misuse: string[] = []
  const known = new Map<string, Known>()
  let crashes = 0
  for (let round = 0; round < roundsOfCrashes; round += 1) {
    const process = new CrashingProcess(1 + Math.floor(random() * 90))
    const pending = new Map<string, Known>()
    const opened = await Promise.race([open(disk, host, process, per, misuse), process.died])
    if (opened !== undefined) {
      const work = Array.from({ length: clients }, (_, client) =>
        runClient(client, opened, random, known, pending, process),
      )
      await Promise.race([Promise.all(work), process.died])
    }
    if (process.isDead) crashes += 1
    process.kill()
    if (random() < 0.3) reboot(host, known, pending)
    const engine = await open(disk, host, new CrashingProcess(), per, misuse)
    await check(engine, host, per, known, pending, `seed ${seed}, round ${round}`)
    await engine.close()
    expect(misuse).toEqual([])
  }
  return crashes
}

async function open(
  disk: Disk,
  host: Host,
  process: CrashingProcess,
  per: Per,
  misuse: string[],
): Promise<VolumeEngine> {
  const store = new CrashingStore(disk, process)
  const engine = await createVolumeEngine({
    home,
    store,
    drivers: [crashingDriver(host, process, per, misuse)],
    hostName: 'here',
  })
  return Object.freeze({ ...engine, close: () => engine.close().then(() => store.close()) })
}

/** Works on two volumes of its own, whose state it knows, and on one that all clients quarrel over. */
async function runClient(
  client: number,
  engine: VolumeEngine,
  random: () => number,
  known: Map<string, Known>,
  pending: Map<string, Known>,
  process: CrashingProcess,
): Promise<void> {
  for (let turn = 0; turn < 12 && !process.isDead; turn += 1) {
    if (random() < 0.2) {
      await quarrel(client, engine.volumes, random)
      continue
    }
    const name = `own-${client}-${Math.floor(random() * 2)}`
    const step = nextStep(name, known.get(name), random)
    pending.set(name, step.after)
    await step.run(engine.volumes)
    if (process.isDead) return
    known.set(name, step.after)
    pending.delete(name)
  }
}

function nextStep(name: string, state: Known, random: () => number): Step {
  if (state === undefined) return { title: 'create', after: {}, run: (volumes) => volumes.create({ name }) }
  const id = `ref${Math.floor(random() * 2)}`
  const reference = state[id]
  const { [id]: _, ...others } = state
  const dice = random()
  if (reference === undefined) {
    if (dice < 0.3 && Object.keys(state).length === 0) {
      return { title: 'remove', after: undefined, run: (volumes) => volumes.remove(name) }
    }
    const request = { holder: 'owner', id }
    if (dice < 0.6) {
      return { title: 'attach', after: { ...others, [id]: 'mounted' }, run: (volumes) => volumes.attach(name, request) }
    }
    return {
      title: 'reserve',
      after: { ...others, [id]: 'reserved' },
      run: (volumes) => volumes.reserve(name, request),
    }
  }
  if (dice < 0.3) return { title: 'detach', after: others, run: (volumes) => volumes.detach(name, id) }
  if (reference === 'mounted') {
    return { title: 'unmount', after: { ...others, [id]: 'reserved' }, run: (volumes) => volumes.unmount(name, id) }
  }
  if (dice < 0.6) return { title: 'release', after: others, run: (volumes) => volumes.release(name, id) }
  return { title: 'mount', after: { ...others, [id]: 'mounted' }, run: (volumes) => volumes.mount(name, id) }
}

/** Whatever happens here is right so long as the volume stays whole: see {@link check}. */
async function quarrel(client: number, volumes: VolumeManager, random: () => number): Promise<void> {
  const request = { holder: `client-${client}`, id: `ref-of-${client}` }
  const acts = [
    () => volumes.create({ name: 'shared' }),
    () => volumes.remove('shared'),
    () => volumes.attach('shared', request),
    () => volumes.detach('shared', request.id),
  ]
  try {
    await acts[Math.floor(random() * acts.length)]?.()
  } catch (error) {
    if (!hasCode(error, 'in-use') && !hasCode(error, 'not-found')) throw error
  }
}

async function check(
  engine: VolumeEngine,
  host: Host,
  per: Per,
  known: Map<string, Known>,
  pending: Map<string, Known>,
  at: string,
): Promise<void> {
  const { volumes, warnings } = await engine.volumes.list()
  expect(warnings, at).toEqual([])
  const names = volumes.map(({ name }) => name)
  expect([...host.volumes].sort(), `${at}: volumes on the host and in the engine`).toEqual(names)
  expect([...host.halves], `${at}: half volumes on the host`).toEqual([])
  expect(mountsOf(host), `${at}: mounts on the host and in the references`).toEqual(mountsWanted(volumes, per))
  for (const name of new Set([...known.keys(), ...pending.keys()])) {
    const volume = volumes.find((one) => one.name === name)
    const found = volume && Object.fromEntries(volume.references.map(({ id, state }) => [id, state]))
    const expected = [known.get(name), ...(pending.has(name) ? [pending.get(name)] : [])]
    expect(
      expected.map((one) => comparable(one, per)),
      `${at}: ${name}`,
    ).toContainEqual(comparable(found, per))
    known.set(name, found as Known)
  }
}

/** Without mounts the difference between reserved and mounted is a mark that a crash may take. */
function comparable(state: Readonly<Record<string, string>> | undefined, per: Per) {
  if (state === undefined || per !== undefined) return state ?? 'absent'
  return Object.keys(state).sort()
}

function mountsOf(host: Host): string[] {
  return [...host.mounts].flatMap(([name, keys]) => [...keys].map((key) => `${name} ${key}`)).sort()
}

function mountsWanted(
  volumes: readonly { name: string; references: readonly { id: string; state: string }[] }[],
  per: Per,
) {
  if (per === undefined) return []
  const wanted = volumes.flatMap(({ name, references }) =>
    references
      .filter(({ state }) => state !== 'reserved')
      .map(({ id }) => `${name} ${per === 'volume' ? 'volume' : id}`),
  )
  return [...new Set(wanted)].sort()
}

function reboot(host: Host, ...states: Map<string, Known>[]): void {
  host.reboot()
  for (const state of states) {
    for (const [name, references] of state) {
      if (references === undefined) continue
      state.set(name, Object.fromEntries(Object.keys(references).map((id) => [id, 'reserved'] as const)))
    }
  }
}

/** A small generator with a seed, so that a failure can be seen again. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

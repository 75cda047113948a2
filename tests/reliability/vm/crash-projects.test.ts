import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { SeededRandom } from '../../crash/random.js'
import type { CrashCase } from '../crash-cases.js'
import { allowedStates, expectWhole } from '../crash-check.js'
import { projectSteps } from '../expected-project-steps.js'
import { inParallel } from '../in-parallel.js'
import { recoveryPoints } from '../kill-recovery.js'
import { limitedCases } from '../limited-cases.js'
import type { GroupTask, HeldHome, HeldRecovery, RecoveryTask } from '../victim-group-task.js'
import { ProjectDisk } from './project-disk.js'

const devices = (process.env.POUCH_VM_DISKS ?? '').split(',')
assert.ok(devices[1], 'this test formats disks, and runs in the VM alone: node scripts/vm.mjs test')
/** Deletions are counted a little later, on xfs. */
const lingerMs = 5000
const seed = Number(process.env.POUCH_TEST_SEED || Date.now() % 1_000_000)
/** References have no part in projects. */
const cases = limitedCases('project').filter(({ run }) => run.do !== 'attach' && run.do !== 'detach')
const isLong = process.env.POUCH_VM_LONG === '1'
/** How many recoveries are killed on each of the filesystems. */
const recoveryKills = isLong ? 60 : 3
/** Every step is killed; on which of the filesystems the seed says, unless all of it is asked for. */
const isOn = (which: number, index: number) => isLong || (index + seed) % 2 === which

for (const [which, type] of (['ext4', 'xfs'] as const).entries()) {
  const chosen = cases.filter((_, index) => isOn(which, index))
  describe(`a process with volumes in projects of ${type} that is killed at any step of an operation (seed ${seed})`, () => {
    let disk: ProjectDisk
    const random = new SeededRandom(seed + which)
    let held: readonly HeldHome[] = []
    let recovered: ReadonlyMap<string, string | undefined> = new Map()
    let crashed = 0
    const folderOf = ({ title }: CrashCase) => join(disk.folder, title.replaceAll(/\W/g, '-'))

    before(async () => {
      disk = await ProjectDisk.make(type, devices[which] ?? '')
      const picked = Array.from({ length: recoveryKills }, () => random.pick(chosen))
      const opened = (each: CrashCase) => picked.filter((one) => one === each).map(() => random.between(0, 1000))
      held = await killedWithHomes(chosen.map((each) => ({ ...each, folder: folderOf(each), opened: opened(each) })))
      const homes = held.filter(({ isForRecovery }) => isForRecovery).map(({ home }) => home)
      recovered = await killedInRecovery(homes.map((home) => ({ home, killAt: random.between(1, recoveryPoints) })))
    })
    after(async () => {
      await disk.remove()
      const cut = [...recovered.values()].filter((point) => point !== undefined).length
      process.stdout.write(
        `${type}: ${crashed} operations cut short by a kill, ${cut} of ${recovered.size} recoveries too: 0 lost, 0 orphans\n`,
      )
    })

    for (const each of chosen) {
      it(each.title, async () => {
        const homes = held.filter(({ title }) => title === each.title)
        assertCovered(
          each,
          homes.filter(({ isForRecovery }) => !isForRecovery),
        )
        await inParallel(homes, async ({ home, point, isAcknowledged, isForRecovery }) => {
          const again = isForRecovery ? `, then ${recovered.get(home) ?? 'recovered'}` : ''
          await expectWhole(home, allowedStates(each, isAcknowledged), `${each.title}, ${point}${again}`, disk)
        })
        rmSync(folderOf(each), { recursive: true })
        crashed += homes.length
      })
    }

    it('has killed recoveries too', () => {
      assert.equal(recovered.size, recoveryKills)
    })

    it('leaves no project with a limit or a file', async () => {
      assert.deepEqual(await projectsAtRest(disk), [])
    })
  })
}

/** That it was killed after each of its steps, and that these are the ones that are known. */
function assertCovered(each: CrashCase, held: readonly HeldHome[]): void {
  const steps = projectSteps[each.title] ?? []
  assert.deepEqual(held[0]?.steps, steps, `${each.title}: its steps`)
  const wanted = [`before ${steps[0]}`, ...steps.map((step) => `after ${step}`), 'after the acknowledgement']
  assert.deepEqual(held.map(({ point }) => point).sort(), wanted.sort(), `${each.title}: where it was killed`)
}

/** Runs a victim that brings each home to a point, and dies. */
async function killedWithHomes(tasks: readonly GroupTask[]): Promise<HeldHome[]> {
  return await killed<HeldHome>('victim-group', tasks)
}

/** Runs one that brings each home to a point of its recovery, and dies. @returns where each was */
async function killedInRecovery(tasks: readonly RecoveryTask[]): Promise<Map<string, string | undefined>> {
  const recoveries = await killed<HeldRecovery>('victim-recovery', tasks)
  return new Map(recoveries.map(({ home, point }) => [home, point]))
}

async function killed<T>(name: string, tasks: readonly object[]): Promise<T[]> {
  const program = join(import.meta.dirname, `tests.${name}.program.mjs`)
  const child = spawn(process.execPath, [program, JSON.stringify(tasks)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  const [[code, signal], out, errors] = await Promise.all([exit, text(child.stdout), text(child.stderr)])
  assert.deepEqual({ ending: signal ?? code, errors }, { ending: 'SIGKILL', errors: '' })
  const lines = out.trim().split('\n')
  return lines.map((line) => JSON.parse(line) as T)
}

/** What projects there are once the kernel has counted. */
async function projectsAtRest(disk: ProjectDisk): Promise<string[]> {
  const until = performance.now() + lingerMs
  for (;;) {
    const left = await disk.projects()
    if (left.length === 0 || performance.now() > until) return left
    await delay(100)
  }
}

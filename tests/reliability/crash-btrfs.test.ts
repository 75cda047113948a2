import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../crash/random.js'
import { BtrfsDisk } from './btrfs-disk.js'
import { buildVictim } from './build-victim.js'
import { acknowledgedBy, killAtEachStep } from './kill-each-step.js'
import { killRecoveries } from './kill-recovery.js'
import { limitedCases } from './limited-cases.js'
import type { VictimProgram } from './victim-program.js'

const seed = Number(process.env.POUCH_TEST_SEED ?? Date.now() % 1_000_000)
/** How many recoveries are killed. */
const recoveryKills = Number(process.env.POUCH_TEST_RECOVERY_KILLS ?? 8)

describe(`a process with volumes on btrfs that is killed at any step of an operation (seed ${seed})`, () => {
  let program: VictimProgram
  let disk: BtrfsDisk
  const counted = { kills: 0, recovery: 0, acknowledged: 0 }

  beforeAll(async () => {
    program = await buildVictim()
    disk = await BtrfsDisk.make()
  })
  afterAll(async () => {
    program?.remove()
    await disk?.remove()
    const { kills, recovery, acknowledged } = counted
    process.stdout.write(
      `btrfs, seed ${seed}: ${kills} kills at steps, ${recovery} of recoveries, ${acknowledged} acknowledged operations: 0 lost, 0 orphans\n`,
    )
  })

  it.each(limitedCases('btrfs'))('$title', { timeout: 300_000 }, async (each) => {
    const reports = await killAtEachStep(program, each, disk)
    counted.kills += reports.length
    for (const report of reports) counted.acknowledged += acknowledgedBy(each, report)
  })

  it('at steps of the recovery from a kill', { timeout: 600_000 }, async () => {
    const cases = limitedCases('btrfs')
    counted.recovery = await killRecoveries(program, cases, new SeededRandom(seed), recoveryKills, disk)
  })

  it('leaves neither a subvolume nor a qgroup on the disk', { timeout: 120_000 }, async () => {
    expect(await disk.orphans()).toEqual([])
    expect(counted.kills).toBeGreaterThan(limitedCases('btrfs').length)
  })
})

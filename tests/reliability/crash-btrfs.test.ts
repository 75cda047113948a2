import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BtrfsDisk } from './btrfs-disk.js'
import { buildVictim } from './build-victim.js'
import { acknowledgedBy, killAtEachStep } from './kill-each-step.js'
import { limitedCases } from './limited-cases.js'
import type { VictimProgram } from './victim-program.js'

describe('a process with volumes on btrfs that is killed at any step of an operation', () => {
  let program: VictimProgram
  let disk: BtrfsDisk
  const counted = { kills: 0, acknowledged: 0 }

  beforeAll(async () => {
    program = await buildVictim()
    disk = await BtrfsDisk.make()
  })
  afterAll(async () => {
    program?.remove()
    await disk?.remove()
    const { kills, acknowledged } = counted
    process.stdout.write(`btrfs: ${kills} kills, ${acknowledged} acknowledged operations: 0 lost, 0 orphans\n`)
  })

  it.each(limitedCases('btrfs'))('$title', { timeout: 300_000 }, async (each) => {
    const reports = await killAtEachStep(program, each, disk)
    counted.kills += reports.length
    for (const report of reports) counted.acknowledged += acknowledgedBy(each, report)
  })

  it('leaves neither a subvolume nor a qgroup on the disk', { timeout: 120_000 }, async () => {
    expect(await disk.orphans()).toEqual([])
    expect(counted.kills).toBeGreaterThan(limitedCases('btrfs').length)
  })
})

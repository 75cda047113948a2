import { describe, expect, it } from 'vitest'
import { runDiskProgram } from '../src/disk-program.js'

const step = { op: 'quota.test', what: 'check nothing', subject: '/nowhere' }

describe('a program', () => {
  it('that fails is told with its exit code and its words', async () => {
    await expect(
      runDiskProgram({ program: 'e2fsck', args: ['-p', '/nowhere'], failure: 'corrupt' }, step),
    ).rejects.toMatchObject({
      code: 'corrupt',
      op: 'quota.test',
      subject: '/nowhere',
      message: expect.stringContaining('cannot check nothing: e2fsck ended with exit code 8'),
      details: { program: 'e2fsck', exitCode: 8, words: expect.stringContaining('/nowhere') },
    })
  })

  it('may end with a code that is no failure', async () => {
    expect(await runDiskProgram({ program: 'e2fsck', args: ['-p', '/nowhere'], accepts: [0, 8] }, step)).toBe(8)
  })

  it('is not started for a caller that has gone', async () => {
    const signal = AbortSignal.abort()
    await expect(runDiskProgram({ program: 'e2fsck', args: [], signal }, step)).rejects.toMatchObject({
      code: 'aborted',
    })
  })

  it('that is not installed is named with its package', async () => {
    const program = 'mkfs.none' as 'mkfs.ext4'
    await expect(runDiskProgram({ program, args: [] }, step)).rejects.toMatchObject({
      code: 'unsupported',
      details: { program },
    })
  })
})

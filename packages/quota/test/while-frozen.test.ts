import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Kernel, whileFrozen } from '../src/index.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pouch-frozen-'))
})

afterEach(async () => {
  vi.restoreAllMocks()
  await rm(directory, { recursive: true })
})

/** Freezes nothing, since this directory is on the machine's own filesystem, and tells what was asked. */
class RecordingKernel extends Kernel {
  readonly asked: string[] = []

  override async ioctl(): Promise<{ value: number; errno: undefined }> {
    this.asked.push('freeze')
    return { value: 0, errno: undefined }
  }

  override async ioctlHere(): Promise<{ value: number; errno: undefined }> {
    this.asked.push('thaw')
    return { value: 0, errno: undefined }
  }
}

describe('while frozen', () => {
  it('work is done between freeze and thaw, each of which is asked for once', async () => {
    const kernel = new RecordingKernel()
    const result = await whileFrozen(directory, async () => kernel.asked.push('work'), { kernel })
    expect(result).toBe(2)
    expect(kernel.asked).toEqual(['freeze', 'work', 'thaw'])
  })

  it('nothing is frozen when the process that would thaw it cannot be started, or does not stay', async () => {
    const kernel = new RecordingKernel()
    const work = vi.fn()
    const node = process.execPath
    try {
      process.execPath = join(directory, 'no-node')
      await expect(whileFrozen(directory, work, { kernel })).rejects.toMatchObject({
        code: 'not-found',
        op: 'quota.whileFrozen',
        subject: directory,
      })
      await writeFile(process.execPath, '#!/bin/false\n', { mode: 0o755 })
      await expect(whileFrozen(directory, work, { kernel })).rejects.toMatchObject({
        code: 'internal',
        subject: directory,
      })
    } finally {
      process.execPath = node
    }
    expect(kernel.asked).toEqual([])
    expect(work).not.toHaveBeenCalled()
  })

  it.each([0, -1, Number.NaN, 2 ** 31])('the limit is not %d', async (limitMs) => {
    await expect(whileFrozen(directory, vi.fn(), { limitMs })).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('a caller that has gone gets nothing frozen', async () => {
    const kernel = new RecordingKernel()
    const signal = AbortSignal.abort()
    await expect(whileFrozen(directory, vi.fn(), { kernel, signal })).rejects.toMatchObject({ code: 'aborted' })
    expect(kernel.asked).toEqual([])
  })
})

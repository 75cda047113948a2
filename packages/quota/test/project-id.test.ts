import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  assignProject,
  firstProjectId,
  freeProjectId,
  lastProjectId,
  nextProjectId,
  projectUsage,
  setProjectLimit,
} from '../src/index.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pouch-project-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

describe('the next project id', () => {
  it('is the least that is not taken', () => {
    expect(nextProjectId()).toBe(2 ** 24)
    expect(nextProjectId({ taken: new Set([firstProjectId, firstProjectId + 2]) })).toBe(firstProjectId + 1)
    expect(nextProjectId({ floor: 5, taken: new Set([5, 6]) })).toBe(7)
    expect(nextProjectId({ floor: lastProjectId })).toBe(lastProjectId)
  })

  it('is none when all are taken', () => {
    const taken = new Set([lastProjectId])
    expect(() => nextProjectId({ floor: lastProjectId, taken })).toThrow(expect.objectContaining({ code: 'exhausted' }))
  })

  it.each([0, -1, 0.5, Number.NaN, 2 ** 32 - 1])('does not begin at %d', (floor) => {
    expect(() => nextProjectId({ floor })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

describe('a project', () => {
  it.each([0, -1, 1.5, 2 ** 32 - 1, 2 ** 32])('is not numbered %d', async (id) => {
    const refusal = { code: 'invalid-argument', subject: String(id) }
    await expect(assignProject(directory, id)).rejects.toMatchObject(refusal)
    await expect(setProjectLimit(directory, id, { bytes: 1 })).rejects.toMatchObject(refusal)
    await expect(projectUsage(directory, id)).rejects.toMatchObject(refusal)
  })

  it.each([{ bytes: -1 }, { bytes: 1.5 }, { inodes: -1 }, { bytes: Number.POSITIVE_INFINITY }, { bytes: 2 ** 53 }])(
    'is not limited to %o',
    async (limit) => {
      await expect(setProjectLimit(directory, firstProjectId, limit)).rejects.toMatchObject({
        code: 'invalid-argument',
      })
    },
  )

  it('is looked for where there is something', async () => {
    const nowhere = join(directory, 'nothing')
    const refusal = { code: 'not-found', subject: nowhere }
    await expect(assignProject(nowhere, firstProjectId)).rejects.toMatchObject(refusal)
    await expect(projectUsage(nowhere, firstProjectId)).rejects.toMatchObject(refusal)
    await expect(freeProjectId(nowhere)).rejects.toMatchObject(refusal)
    await expect(assignProject('relative', firstProjectId)).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

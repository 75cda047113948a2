import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { hasErrno } from '@pouch/errors'
import type { Usage } from '../driver.js'
import type { DriverCheck } from './check.js'
import type { DriverSubject } from './driver-subject.js'
import { assertCount, assertRefused, doneOrRefused } from './refusals.js'
import type { DriverSuiteOptions } from './suite-options.js'

const mebibyte = 1 << 20
/** The largest limit that is tested by writing up to it. */
const testedLimitBytes = 128 * mebibyte
/** Filesystems account for what was written, and above all for what was deleted, a moment later. */
const settleMs = 3000

/** What a driver with the facet `usage` does beside. */
export const usageChecks: readonly DriverCheck[] = [
  { title: 'usage: grows and shrinks with what is in the volume', run: followContent },
  { title: 'usage: tells whole numbers, and a limit only above what is used', run: rightKinds },
  { title: 'usage: of a volume not in use is told, or refused as a conflict', run: atRest },
  {
    title: 'usage: fails for a volume that is not there',
    run: async (subject) => {
      await assertRefused(subject.facets.measure('never-was'), 'a volume that never was takes up something')
    },
  },
  { title: 'usage: tells a limit that holds', run: limitHolds },
]

async function followContent(subject: DriverSubject): Promise<void> {
  await subject.create('vol')
  await subject.create('other')
  await subject.use('other', (path) => write(path, 'noise', 3 * mebibyte))
  await subject.use('vol', async (path) => {
    const { usedBytes: before } = await subject.facets.measure('vol')
    await write(path, 'ballast', 8 * mebibyte)
    const isGrown = ({ usedBytes }: Usage) => usedBytes >= before + 7 * mebibyte && usedBytes <= before + 10 * mebibyte
    await eventually(subject, isGrown, `of 8 MiB more than ${before} bytes`)
    await rm(join(path, 'ballast'))
    await eventually(subject, ({ usedBytes }) => usedBytes <= before + 2 * mebibyte, `back near ${before} bytes`)
  })
}

async function rightKinds(subject: DriverSubject): Promise<void> {
  await subject.create('vol')
  await subject.use('vol', async () => {
    const usage = await subject.facets.measure('vol')
    assert.equal(typeof usage.usedBytes, 'number', 'usedBytes is missing')
    for (const key of ['usedBytes', 'limitBytes', 'usedInodes', 'limitInodes'] as const) assertCount(usage[key], key)
    assert.ok(usage.source === 'counter' || usage.source === 'walk', `a source of ${usage.source}`)
    const { usedBytes, limitBytes = usedBytes } = usage
    assert.ok(limitBytes >= usedBytes, `a new volume uses ${usedBytes} bytes of ${limitBytes}`)
  })
}

async function atRest(subject: DriverSubject): Promise<void> {
  await subject.create('vol')
  await doneOrRefused(subject.facets.measure('vol'), 'conflict')
  if (subject.isToBeMounted('vol'))
    assert.equal(await subject.path('vol'), undefined, 'measuring left the volume mounted')
}

async function limitHolds(subject: DriverSubject, { limitsHold = true }: DriverSuiteOptions): Promise<void> {
  await subject.create('vol')
  await subject.use('vol', async (path) => {
    const { limitBytes, usedBytes } = await subject.facets.measure('vol')
    if (limitBytes === undefined || limitBytes > testedLimitBytes || !limitsHold) return
    const attempt = Math.ceil(limitBytes * 1.1) + 4 * mebibyte
    const written = await writeUntilRefused(path, 'filler', attempt)
    assert.ok(written < attempt, `usage tells a limit of ${limitBytes} bytes, and ${written} could be written`)
    const least = (limitBytes - usedBytes) * 0.8
    assert.ok(written >= least, `only ${written} bytes fit into a limit of ${limitBytes} with ${usedBytes} used`)
    await rm(join(path, 'filler'))
    await eventually(subject, (usage) => usage.usedBytes < limitBytes / 2, 'what was freed')
    await write(path, 'after', mebibyte)
  })
}

/** @returns how many bytes went in before the volume was full */
async function writeUntilRefused(path: string, name: string, bytes: number): Promise<number> {
  const file = await open(join(path, name), 'w')
  const block = randomBytes(mebibyte)
  let written = 0
  try {
    while (written < bytes) {
      written += (await file.write(block)).bytesWritten
      // A filesystem that allocates late refuses late, too.
      if (written % (8 * mebibyte) === 0) await file.sync()
    }
    await file.sync()
  } catch (error) {
    if (!hasErrno(error, 'ENOSPC', 'EDQUOT')) throw error
  } finally {
    await file.close().catch(ignoreFull)
  }
  return written
}

async function write(path: string, name: string, bytes: number): Promise<void> {
  const file = await open(join(path, name), 'w')
  try {
    await file.writeFile(randomBytes(bytes))
    await file.sync()
  } finally {
    await file.close()
  }
}

async function eventually(subject: DriverSubject, isRight: (usage: Usage) => boolean, what: string): Promise<void> {
  const deadline = Date.now() + settleMs
  let usage = await subject.facets.measure('vol')
  while (!isRight(usage) && Date.now() < deadline) {
    await delay(100)
    usage = await subject.facets.measure('vol')
  }
  assert.ok(isRight(usage), `usage tells ${usage.usedBytes} bytes, and nothing ${what}`)
}

function ignoreFull(error: unknown): void {
  if (!hasErrno(error, 'ENOSPC', 'EDQUOT')) throw error
}

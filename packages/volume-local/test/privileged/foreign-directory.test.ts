import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasCode } from '@pouch/errors'
import { createVolumeEngine, type VolumeEngine } from '@pouch/volume-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { local } from '../../src/index.js'

describe('a directory that the store does not know', () => {
  let home: string
  let engine: VolumeEngine

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'pouch-test-'))
    engine = await opened()
  })

  afterEach(async () => {
    await engine.close()
    await rm(home, { recursive: true, force: true })
  })

  const opened = () => createVolumeEngine({ home, drivers: [local()] })

  /** As after a backup of the store was restored that is older than the volumes. */
  async function forgetAll(): Promise<void> {
    await engine.close()
    engine = await opened()
  }

  const sized = (size: string, more: Record<string, string> = {}) => ({
    name: 'data',
    options: { size, quota: 'loop', ...more },
  })

  it('is left alone by a create with a size, which says what is in the way', async () => {
    const data = join(home, 'volume/data/_data')
    await mkdir(data, { recursive: true })
    await writeFile(join(data, 'old'), 'precious')
    await expect(engine.volumes.create(sized('8m'))).rejects.toSatisfy(
      (error) => hasCode(error, 'already-exists') && error.message.includes(join(home, 'volume/data')),
    )
    expect(await readFile(join(data, 'old'), 'utf8')).toBe('precious')
    expect(await engine.volumes.find('data')).toBeUndefined()
    await rm(join(home, 'volume/data'), { recursive: true })
    await engine.volumes.create(sized('8m'))
  })

  it('with an image of another size or filesystem is left alone, and with the one asked for it is the volume', async () => {
    await engine.volumes.create(sized('8m'))
    const image = join(home, 'volume/data/_image/disk')
    const before = await readFile(image)
    await forgetAll()
    for (const request of [sized('16m'), sized('8m', { fs: 'xfs' }), sized('4m')]) {
      await expect(engine.volumes.create(request)).rejects.toSatisfy((error) => hasCode(error, 'already-exists'))
      expect(before.equals(await readFile(image))).toBe(true)
    }
    expect((await engine.volumes.create(sized('8m'))).sizeBytes).toBe(8 << 20)
    expect(before.equals(await readFile(image))).toBe(true)
  })
})

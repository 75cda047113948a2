import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { RunningPouchd } from '../running-pouchd.js'

/** A small filesystem of its own: a tmpfs, which answers ENOSPC like any other. */
class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'pouch-disk-'))

  constructor(sizeMiB: number) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'pouch-test-disk', this.folder])
  }

  fill(): void {
    const file = openSync(join(this.folder, 'ballast'), 'w')
    const block = Buffer.alloc(1 << 16)
    for (const size of [1 << 16, 4096, 512, 1]) {
      try {
        for (;;) if (writeSync(file, block, 0, size) === 0) break
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
    closeSync(file)
  }

  free(): void {
    rmSync(join(this.folder, 'ballast'))
  }

  remove(): void {
    execFileSync('umount', ['-l', this.folder])
    rmSync(this.folder, { recursive: true })
  }
}

describe('a full disk', () => {
  let daemon: RunningPouchd | undefined
  let disk: SmallDisk | undefined

  afterEach(async () => {
    await daemon?.remove()
    disk?.remove()
  })

  it('refuses with 507, loses nothing, and goes on when there is room again', async () => {
    disk = new SmallDisk(96)
    daemon = await RunningPouchd.start({ home: join(disk.folder, 'home') })
    const create = (Name: string) =>
      daemon?.request('POST', '/v1.43/volumes/create', { Name, Labels: { text: 'x'.repeat(3000) } })
    expect((await create('before'))?.status).toBe(201)
    disk.fill()
    const answers = []
    for (let number = 0; number < 20; number += 1) answers.push(await create(`full-${number}`))
    expect(answers.map((answer) => answer?.status)).toContain(507)
    const kept = answers.flatMap((answer, number) => (answer?.status === 201 ? [`full-${number}`] : []))
    expect((await daemon.request('GET', '/_ping')).text).toBe('OK')
    disk.free()
    expect((await create('after'))?.status).toBe(201)
    await daemon.kill()
    await daemon.start()
    const { Volumes } = (await daemon.request('GET', '/v1.43/volumes')).json<{ Volumes: { Name: string }[] }>()
    expect(Volumes.map(({ Name }) => Name).sort()).toEqual(['before', 'after', ...kept].sort())
  })
})

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type Capability, hasCapability } from '../src/index.js'

const run = promisify(execFile)

describe('hasCapability', () => {
  it('agrees with capsh about this process', async () => {
    const mask = /^CapEff:\s*(\S+)$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1] ?? ''
    const { stdout } = await run('/usr/sbin/capsh', [`--decode=${mask}`])
    const names = new Set((stdout.split('=')[1] ?? '').trim().split(','))
    for (const name of ['CAP_CHOWN', 'CAP_SYS_ADMIN', 'CAP_SYS_RESOURCE', 'CAP_CHECKPOINT_RESTORE'] as const) {
      expect([name, await hasCapability(name)]).toEqual([name, names.has(name.toLowerCase())])
    }
  })

  it('reads those of other processes', async () => {
    expect(await hasCapability('CAP_SYS_ADMIN', { pid: process.pid })).toBe(await hasCapability('CAP_SYS_ADMIN'))
    await expect(hasCapability('CAP_SYS_ADMIN', { pid: 2 ** 30 })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('knows their names alone', async () => {
    await expect(hasCapability('CAP_FLY' as Capability)).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

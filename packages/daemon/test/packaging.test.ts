import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const unit = new URL('../../../packaging/pouchd.service', import.meta.url).pathname

describe('packaging/pouchd.service', () => {
  it('keeps containers alive when the daemon is restarted, and is told when it is ready', () => {
    const lines = readFileSync(unit, 'utf8').split('\n')
    expect(lines).toEqual(
      expect.arrayContaining(['Type=notify', 'NotifyAccess=all', 'KillMode=process', 'Delegate=yes']),
    )
    expect(lines.some((line) => /^LimitNOFILE=\d{6,}$/.test(line))).toBe(true)
  })

  it('is a unit that systemd takes', () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  })

  it('starts a program that the package has', () => {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      bin: Record<string, string>
    }
    const command = /^ExecStart=\/usr\/bin\/env (\S+)$/m.exec(readFileSync(unit, 'utf8'))?.[1] ?? ''
    const bin = new URL(`../${manifest.bin[command]}`, import.meta.url).pathname
    expect(readFileSync(bin, 'utf8').split('\n', 1)).toEqual(['#!/usr/bin/env node'])
  })
})

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { defaultCapabilities } from '../src/spec/capabilities.js'
import { parseSeccomp, seccompProfile } from '../src/spec/seccomp.js'

// From Debian's package golang-github-containers-common: installed, or unpacked by the set-up of the tests.
const path = 'usr/share/containers/seccomp.json'
const unpacked = join(import.meta.dirname, '../../../.cache/debian/golang-github-containers-common', path)
const debianProfile = existsSync(unpacked) ? unpacked : `/${path}`

interface Conditions {
  readonly caps?: readonly string[]
  readonly arches?: readonly string[]
}

interface DebianRule {
  readonly names: readonly string[]
  readonly action: string
  readonly includes?: Conditions
  readonly excludes?: Conditions
}

function debianAllows(capabilities: readonly string[]): Set<string> {
  const { syscalls } = JSON.parse(readFileSync(debianProfile, 'utf8')) as { syscalls: DebianRule[] }
  const rules = syscalls.filter(
    ({ action, includes, excludes }) =>
      action === 'SCMP_ACT_ALLOW' &&
      (includes?.arches?.includes('amd64') ?? true) &&
      (includes?.caps ?? []).every((name) => capabilities.includes(name)) &&
      !(excludes?.caps ?? []).some((name) => capabilities.includes(name)),
  )
  return new Set(rules.flatMap(({ names }) => names))
}

const profile = (capabilities: readonly string[]) => seccompProfile({ capabilities, architecture: 'x64' })

function weAllow(capabilities: readonly string[]): Set<string> {
  const rules = profile(capabilities).syscalls ?? []
  return new Set(rules.filter(({ action }) => action === 'SCMP_ACT_ALLOW').flatMap(({ names }) => names))
}

describe('the seccomp list', () => {
  it('differs from Debian’s in what the table says, and in nothing else', () => {
    const theirs = debianAllows(defaultCapabilities)
    const ours = weAllow(defaultCapabilities)
    const rows = [
      ...readFileSync(join(import.meta.dirname, '../docs/seccomp.md'), 'utf8').matchAll(/^\| `(\w+)` \| (\w+) \|/gm),
    ]
    const named = (verdict: string) => rows.filter((row) => row[2] === verdict).map((row) => row[1] ?? '')
    const partly = ['clone']
    expect([...theirs].filter((name) => !ours.has(name)).sort()).toEqual(
      named('allowed')
        .filter((name) => !partly.includes(name))
        .sort(),
    )
    expect([...ours].filter((name) => !theirs.has(name)).sort()).toEqual(named('refused').sort())
  })

  it('lets clone make no namespaces without CAP_SYS_ADMIN, and gives the calls back with it', () => {
    const rules = profile(defaultCapabilities).syscalls ?? []
    expect(rules.find(({ names }) => names.includes('clone'))?.args).toEqual([
      { index: 0, value: 2114060288, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' },
    ])
    expect(rules.find(({ names }) => names.includes('clone3'))).toMatchObject({
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 38,
    })
    const admin = weAllow([...defaultCapabilities, 'CAP_SYS_ADMIN'])
    for (const name of ['clone3', 'mount', 'unshare', 'setns']) expect(admin.has(name)).toBe(true)
    expect((profile(['CAP_SYS_ADMIN']).syscalls ?? []).some(({ action }) => action === 'SCMP_ACT_ERRNO')).toBe(false)
  })

  it('reads a profile of a user’s own and refuses what it is not', () => {
    expect(parseSeccomp('{"defaultAction":"SCMP_ACT_ALLOW"}').defaultAction).toBe('SCMP_ACT_ALLOW')
    for (const text of ['{', '[]', '{}', '{"defaultAction":"x","syscalls":{}}'])
      expect(() => parseSeccomp(text)).toThrow(/seccomp profile/)
    expect(() => parseSeccomp('{"defaultAction":"x","syscalls":[{"includes":{}}]}')).toThrow(/not supported/)
  })
})

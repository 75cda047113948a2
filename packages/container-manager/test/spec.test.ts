import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { completeConfig } from '../src/config/merge.js'
import type { ContainerConfig } from '../src/index.js'
import { findInRoot, readInRoot } from '../src/root-path.js'
import { capabilitiesOf, defaultCapabilities } from '../src/spec/capabilities.js'
import { type HostLimits, parseLimits } from '../src/spec/host-limits.js'
import { ociSpec } from '../src/spec/oci-spec.js'
import { rlimitsOf } from '../src/spec/rlimits.js'
import { resolveUser } from '../src/spec/user.js'
import { DetachFilter, parseDetachKeys } from '../src/streams/detach-keys.js'

const host: HostLimits = {
  capabilities: [...defaultCapabilities, 'CAP_NET_ADMIN'],
  rlimits: { RLIMIT_NOFILE: { soft: 1024, hard: 20000 } },
  oomScoreAdjMin: 0,
  cgroupVersion: 1,
  controllers: ['memory', 'cpu', 'pids'],
  cpus: 2,
  swapLimit: true,
}
const id = 'a'.repeat(64)

function spec(config: Partial<ContainerConfig>, limits: Partial<HostLimits> = {}) {
  return ociSpec({
    id,
    engineId: 'engine',
    config: completeConfig({ image: 'x', ...config }, {}, id, { ...host, ...limits }),
    args: ['sh'],
    user: { uid: 0, gid: 0, additionalGids: [0], home: '/root' },
    mounts: {
      host: [{ source: '/volume', target: '/v/deep', readOnly: true, propagation: 'rslave' }],
      tmpfs: [],
      files: { resolvConf: '/r', hostname: '/n', hosts: '/h' },
      init: undefined,
    },
    host: { ...host, ...limits },
  })
}

describe('the specification of a container', () => {
  it('has Docker’s defaults', () => {
    const { process, linux, mounts, hostname } = spec({})
    expect(process.env).toEqual([
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'HOSTNAME=aaaaaaaaaaaa',
      'HOME=/root',
    ])
    expect([...process.capabilities.bounding].sort()).toEqual([...defaultCapabilities].sort())
    expect(linux.namespaces.map(({ type }) => type)).toEqual(['mount', 'network', 'uts', 'pid', 'ipc'])
    expect(hostname).toBe('aaaaaaaaaaaa')
    expect(linux.maskedPaths).toContain('/proc/kcore')
    expect(linux.resources.devices[0]).toEqual({ allow: false, access: 'rwm' })
    expect(mounts.at(-1)).toEqual({
      destination: '/v/deep',
      type: 'bind',
      source: '/volume',
      options: ['rbind', 'ro', 'rslave'],
    })
    expect(linux.rootfsPropagation).toBe('rslave')
    expect(linux.seccomp?.defaultAction).toBe('SCMP_ACT_ERRNO')
  })

  it('follows what is asked for', () => {
    const { process, linux, mounts, root } = spec({
      networkMode: 'host',
      pidMode: 'host',
      readonlyRootfs: true,
      tty: true,
      tmpfs: { '/dev/shm': 'size=1m,exec' },
      shmSizeBytes: 4096,
      securityOpt: ['seccomp=unconfined', 'no-new-privileges'],
      maskedPaths: [],
      resources: { memoryBytes: 8_388_608, nanoCpus: 5e8, pidsLimit: 7, oomScoreAdj: -3, cpusetCpus: '0' },
    })
    expect(linux.namespaces.map(({ type }) => type)).toEqual(['mount', 'uts', 'ipc'])
    expect([root.readonly, process.terminal, process.noNewPrivileges, process.oomScoreAdj]).toEqual([
      true,
      true,
      true,
      0,
    ])
    expect(process.env).toContain('TERM=xterm')
    expect(linux.seccomp).toBeUndefined()
    expect(linux.maskedPaths).toEqual([])
    expect(linux.resources).toMatchObject({
      memory: { limit: 8_388_608, swap: 16_777_216 },
      cpu: { quota: 50_000, period: 100_000 },
      pids: { limit: 7 },
    })
    expect(linux.resources.cpu).not.toHaveProperty('cpus')
    expect(mounts.filter(({ destination }) => destination === '/dev/shm')).toEqual([
      { destination: '/dev/shm', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'size=1m', 'exec'] },
    ])
  })

  it('opens up when privileged, and has a cgroup namespace on v2', () => {
    const { linux, mounts } = spec({ privileged: true })
    expect(linux.resources.devices).toEqual([{ allow: true, access: 'rwm' }])
    expect([linux.seccomp, linux.maskedPaths, linux.readonlyPaths]).toEqual([undefined, [], []])
    expect(linux.devices.some(({ path }) => path === '/dev/null')).toBe(true)
    expect(mounts.find(({ destination }) => destination === '/sys')?.options).toContain('rw')
    expect(spec({}, { cgroupVersion: 2 }).linux.namespaces).toContainEqual({ type: 'cgroup' })
  })
})

describe('capabilities and limits', () => {
  it('stay within what this process has', () => {
    const held = [...defaultCapabilities]
    expect(capabilitiesOf({ privileged: false, add: ['sys_admin'], drop: ['CAP_CHOWN'] }, held)).toMatchObject({
      withheld: ['CAP_SYS_ADMIN'],
    })
    expect(capabilitiesOf({ privileged: false, add: ['KILL'], drop: ['ALL'] }, held).capabilities).toEqual(['CAP_KILL'])
    expect(capabilitiesOf({ privileged: false, add: ['ALL'], drop: ['KILL'] }, held).capabilities).not.toContain(
      'CAP_KILL',
    )
    expect(capabilitiesOf({ privileged: true, add: [], drop: [] }, held).capabilities).toHaveLength(14)
    const { rlimits, warnings } = rlimitsOf([{ name: 'nofile', soft: 100, hard: -1 }], host)
    expect(rlimits).toEqual([{ type: 'RLIMIT_NOFILE', soft: 100, hard: 20000 }])
    expect(warnings).toHaveLength(1)
    expect(() => rlimitsOf([{ name: 'foo', soft: 1, hard: 1 }], host)).toThrow(/invalid ulimit type/)
    expect(() => rlimitsOf([{ name: 'core', soft: 2, hard: 1 }], host)).toThrow(/above the hard limit/)
  })

  it('are read from /proc', () => {
    expect(
      parseLimits(
        'Limit   Soft Limit   Hard Limit   Units\nMax open files            1024                 unlimited            files\n',
      ),
    ).toEqual({
      RLIMIT_NOFILE: { soft: 1024, hard: -1 },
    })
  })
})

describe('users', () => {
  const accounts = {
    users: [
      { name: 'root', uid: 0, gid: 0, home: '/root' },
      { name: 'app', uid: 10, gid: 20, home: '/app' },
    ],
    groups: [
      { name: 'wheel', gid: 5, members: ['root', 'app'] },
      { name: 'more', gid: 6, members: [] },
    ],
  }
  it('are names or numbers, with the groups of their accounts', () => {
    expect(resolveUser('', [], accounts)).toEqual({ uid: 0, gid: 0, additionalGids: [0, 5], home: '/root' })
    expect(resolveUser('app', ['more', '7'], accounts)).toEqual({
      uid: 10,
      gid: 20,
      additionalGids: [20, 5, 6, 7],
      home: '/app',
    })
    expect(resolveUser('10:more', [], accounts)).toEqual({ uid: 10, gid: 6, additionalGids: [6], home: '/app' })
    expect(resolveUser('1234', [], accounts)).toEqual({ uid: 1234, gid: 0, additionalGids: [0], home: undefined })
    for (const user of ['nobody', 'app:nogroup', '99999999999'])
      expect(() => resolveUser(user, [], accounts)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

describe('paths inside a root', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pouch-root-'))
    mkdirSync(join(root, 'inside/etc'), { recursive: true })
    writeFileSync(join(root, 'inside/etc/passwd'), 'ours')
    writeFileSync(join(root, 'secret'), 'the host')
    symlinkSync('../secret', join(root, 'inside/up'))
    symlinkSync(join(root, 'secret'), join(root, 'inside/absolute'))
    symlinkSync('/etc', join(root, 'inside/link'))
    symlinkSync('loop', join(root, 'inside/loop'))
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  it('never lead out of it', () => {
    const inside = join(root, 'inside')
    expect(readInRoot(inside, '/link/passwd', 100)).toBe('ours')
    expect(readInRoot(inside, '/../../../etc/./passwd', 100)).toBe('ours')
    for (const path of ['/up', '/absolute', '/etc/passwd/..', '/nope', '/etc']) {
      if (path === '/etc/passwd/..')
        expect(() => readInRoot(inside, path, 100)).toThrow(/a file is used as a directory/)
      else expect(readInRoot(inside, path, 100)).toBeUndefined()
    }
    expect(() => findInRoot(inside, '/loop')).toThrow(/too many symbolic links/)
    expect(() => readInRoot(inside, '/etc/passwd', 3)).toThrow(expect.objectContaining({ code: 'exhausted' }))
    const found = findInRoot(inside, '/link')
    expect([found?.path, found?.isDirectory]).toEqual(['/etc', true])
    found?.close()
  })
})

describe('detach keys', () => {
  it('are found over several chunks, and what only looks like them is sent on', () => {
    const keys = parseDetachKeys('ctrl-p,ctrl-q')
    expect([...keys]).toEqual([16, 17])
    const filter = new DetachFilter(keys)
    expect(filter.filter(Buffer.from('ab\x10'))).toEqual(Buffer.from('ab'))
    expect(filter.filter(Buffer.from('x\x10\x10'))).toEqual(Buffer.from('\x10x\x10'))
    expect(filter.filter(Buffer.from('\x11rest'))).toBeUndefined()
    for (const text of ['zz-q', 'ctrl-zz', 'ctrl-1', ''])
      expect(() => parseDetachKeys(text)).toThrow(/Invalid detach keys/)
  })
})

// Debian packages: only what is absent, listed first, asked for on a terminal, and no service is started.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { atExit } from './at-exit.mjs'
import { isRoot, root, run, SetupError, say, step } from './say.mjs'

const policy = '/usr/sbin/policy-rc.d'

/** What each lane needs: the thing that is looked for, and the Debian package that has it. */
export const needs = {
  engine: [
    { has: () => onPath('containerd'), debian: 'containerd', why: 'runs the containers' },
    { has: () => onPath('runc'), debian: 'runc', why: 'starts their processes' },
    {
      has: () => staticBusybox() !== undefined,
      debian: 'busybox-static',
      why: 'the small image of the demo',
      unpack: true,
    },
  ],
  compiler: [
    { has: () => onPath('g++'), debian: 'g++', why: "builds sqlite3's binding" },
    { has: () => onPath('make'), debian: 'make', why: "builds sqlite3's binding" },
    { has: () => onPath('python3'), debian: 'python3', why: "builds sqlite3's binding" },
    { has: () => nodeHeaders() !== undefined, debian: 'libnode-dev', why: "Node's headers" },
  ],
  vm: [
    {
      has: () => onPath('qemu-system-x86_64'),
      debian: 'qemu-system-x86',
      why: 'the VM of tests that need a kernel of their own',
    },
    { has: () => onPath('depmod'), debian: 'kmod', why: "the list of the VM's modules" },
    { has: () => onPath('mkfs.ext4'), debian: 'e2fsprogs', why: 'ext4 images and quotas' },
    { has: () => onPath('mkfs.xfs'), debian: 'xfsprogs', why: 'xfs images and quotas' },
    { has: () => onPath('mkfs.btrfs'), debian: 'btrfs-progs', why: 'btrfs subvolumes and quotas' },
    { has: () => onPath('setpriv'), debian: 'util-linux', why: 'a process without a capability' },
    {
      has: () => staticBusybox() !== undefined,
      debian: 'busybox-static',
      why: 'the small system in the VM',
      unpack: true,
    },
  ],
  tests: [
    { has: () => existsSync('/usr/bin/tini-static'), debian: 'tini', why: 'run --init' },
    { has: () => onPath('docker-registry'), debian: 'docker-registry', why: 'pulls are tested against it' },
    { has: () => onPath('zstd'), debian: 'zstd', why: 'archives are compared with what it reads and writes' },
    { has: () => onPath('strace'), debian: 'strace', why: 'counts the fsyncs of the store' },
    { has: () => onPath('openssl'), debian: 'openssl', why: 'certificates of the TLS tests' },
    { has: () => onPath('systemd-analyze'), debian: 'systemd', why: 'checks the unit of pouchd' },
    { has: () => onPath('capsh'), debian: 'libcap2-bin', why: 'names of capabilities, compared with ours' },
    { has: () => onPath('script'), debian: 'bsdutils', why: 'terminals for the tests' },
    {
      has: () => existsSync('/usr/share/gocode/src/github.com/containerd/containerd/api/services'),
      debian: 'golang-github-containerd-containerd-dev',
      why: "containerd's own protocol files, compared with ours",
    },
    {
      has: () =>
        existsSync('/usr/share/containers/seccomp.json') ||
        unpacked('golang-github-containers-common', 'usr/share/containers/seccomp.json') !== undefined,
      debian: 'golang-github-containers-common',
      why: 'the seccomp profile that ours is compared with',
      unpack: true,
    },
    {
      has: () => unpacked('docker.io', 'usr/bin/docker') !== undefined,
      debian: 'docker.io',
      why: "Docker's own client, and the daemon that plugins are tested with",
      unpack: true,
    },
    peer('podman', 'usr/bin/podman', 'plugins are tested with it too'),
    peer('conmon', 'usr/bin/conmon', 'podman asks for it'),
    peer('libgpgme11', 'usr/lib', 'podman links it'),
    peer('libsubid4', 'usr/lib', 'podman links it'),
  ],
  bench: [
    peer('docker.io', 'usr/sbin/dockerd', 'a peer of the benchmarks'),
    peer('podman', 'usr/bin/podman', 'a peer of the benchmarks'),
    peer('conmon', 'usr/bin/conmon', 'podman asks for it'),
    peer('libgpgme11', 'usr/lib', 'podman links it'),
    peer('libsubid4', 'usr/lib', 'podman links it'),
  ],
}

function peer(debian, file, why) {
  return { has: () => unpacked(debian, file) !== undefined, debian, why, unpack: true }
}

/** Which of some needs are not met, each package once. */
export function absentOf(wanted) {
  const absent = wanted.filter((need) => !need.has())
  return [...new Map(absent.map((need) => [need.debian, need])).values()]
}

/** Installs what is absent of `wanted`. Without root, or when the person says no, the absent ones are returned. */
export async function installDebian(wanted, { yes = false } = {}) {
  const absent = absentOf(wanted)
  if (absent.length === 0) return []
  if (!existsSync('/etc/debian_version') || !onPath('apt-get')) return absent
  const unpack = absent.filter((need) => need.unpack)
  const install = absent.filter((need) => !need.unpack)
  step('Debian packages that are absent')
  for (const need of absent)
    say(`  ${need.debian}: ${need.why}${need.unpack ? ' (unpacked into .cache, not installed)' : ''}`)
  if (!isRoot) {
    say('  not root: nothing is installed')
    return absent
  }
  if (!(await agreed(yes))) return absent
  await run('apt-get', ['update', '-qq'], { quiet: true })
  if (install.length > 0) await withoutServices(() => aptInstall(install.map((need) => need.debian)))
  for (const need of unpack) await unpackPackage(need.debian)
  const left = absentOf(wanted)
  if (left.length > 0)
    throw new SetupError(`still absent after the installation: ${left.map((need) => need.debian).join(', ')}`)
  return []
}

/** The path of a static busybox on this host, or of the one that was unpacked. */
export function staticBusybox() {
  const candidates = [
    '/bin/busybox',
    '/usr/bin/busybox',
    unpacked('busybox-static', 'bin/busybox'),
    unpacked('busybox-static', 'usr/bin/busybox'),
  ]
  return candidates.find((path) => path !== undefined && existsSync(path) && isStatic(path))
}

/** The path of a file of a package that was unpacked into .cache, if it is there. */
export function unpacked(name, file) {
  const path = join(root, '.cache/debian', name, file)
  return existsSync(path) ? path : undefined
}

/** The directory to give node-gyp as nodedir, when this Node's headers are installed. */
export function nodeHeaders() {
  const prefixes = [join(process.execPath, '../..'), '/usr', '/usr/local']
  return prefixes.find((prefix) => {
    const header = join(prefix, 'include/node/node_version.h')
    if (!existsSync(header)) return false
    return readFileSync(header, 'utf8').includes(`#define NODE_MAJOR_VERSION ${process.versions.node.split('.')[0]}`)
  })
}

/** Whether a program of this name is on PATH. */
function onPath(name) {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return places.some((place) => existsSync(join(place, name)))
}

async function agreed(yes) {
  if (yes || process.env.CI || !process.stdin.isTTY) return true
  const prompt = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await prompt.question('Install them now? [Y/n] ')
  prompt.close()
  return !/^n/i.test(answer.trim())
}

function aptInstall(names) {
  const args = ['install', '-y', '-qq', '--no-install-recommends', '--no-remove', ...names]
  return run('apt-get', args, { quiet: true, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
}

// Debian asks this file before it starts a service; one that is already there is left as it is.
async function withoutServices(body) {
  if (existsSync(policy)) return body()
  const remove = () => rmSync(policy, { force: true })
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const keep = atExit(remove)
  try {
    return await body()
  } finally {
    remove()
    keep()
  }
}

async function unpackPackage(name) {
  const target = join(root, '.cache/debian', name)
  const work = `${target}.part`
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  await run('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', name], { quiet: true, cwd: work })
  const archive = readdirSync(work).find((file) => file.endsWith('.deb'))
  if (archive === undefined) throw new SetupError(`apt-get download ${name} left no package`)
  await run('dpkg-deb', ['-x', join(work, archive), work], { quiet: true })
  rmSync(join(work, archive))
  rmSync(target, { recursive: true, force: true })
  renameSync(work, target)
}

// A dynamic ELF file names its interpreter in its first page.
function isStatic(path) {
  if (!statSync(path).isFile()) return false
  return !readFileSync(path).subarray(0, 4096).includes('/ld-linux')
}

import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { mountsUnder } from '@pouch/mount'
import type { Driver, OptionValue } from '@pouch/volume-core/driver'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { local } from '../../src/index.js'
import { type CrashScenario, crashScenarios, removeAll } from './crash-scenarios.js'
import { type Disk, disk, unmountAll } from './disk.js'
import { hostIn } from './kept-in-files.js'

const workspace = resolve(import.meta.dirname, '../../../..')
/** The system calls that change something. A process is killed right before its n-th one. */
const calls = 'rename,mkdir,chmod,fchmod,link,unlink,rmdir,mount,umount2,ftruncate,fsync,ioctl,openat2,pwrite64'
/** Every step with POUCH_TEST_LONG=1; otherwise a few of them, others for each kind of volume. */
const isLong = process.env.POUCH_TEST_LONG === '1'
const samples = 2

/** The n-th time that one thread makes a system call. */
interface Step {
  readonly call: string
  readonly count: number
}

let folder: string
let btrfs: Disk

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'pouch-volume-local-crash-')))
  await bundleChild()
  btrfs = await disk('btrfs')
})

afterAll(async () => {
  await btrfs?.dispose()
  await unmountAll(folder)
  await rm(folder, { recursive: true, force: true })
})

const kinds: readonly (readonly [string, Record<string, OptionValue>])[] = [
  ['a directory', {}],
  ['an image', { size: 8 * 2 ** 20, quota: 'loop' }],
  ['a limited subvolume', { size: 8 * 2 ** 20, quota: 'btrfs' }],
]

describe.each(kinds)('a process that is killed while it makes %s', (_, options) => {
  const place = () => (options.quota === 'btrfs' ? btrfs.path : folder)

  it.each(crashScenarios(options))(
    '$name: nothing is lost and nothing is left',
    async (scenario) => {
      const steps = await stepsOf(place(), options, scenario)
      expect(steps.length).toBeGreaterThan(samples)
      let kills = 0
      for (const step of chosen(steps)) if (await crashAt(step, place(), options, scenario)) kills += 1
      expect(kills).toBeGreaterThan(0)
    },
    600_000,
  )
})

/** Evenly from the first to the last. */
function chosen(steps: readonly Step[]): readonly Step[] {
  if (isLong) return steps
  const at = (sample: number) => Math.floor(((sample + 0.7) * steps.length) / samples)
  return Array.from({ length: samples }, (_, sample) => steps[at(sample)]).filter((step) => step !== undefined)
}

/** The calls that the scenario makes when nobody kills it, in their order. */
async function stepsOf(place: string, options: Record<string, OptionValue>, scenario: CrashScenario): Promise<Step[]> {
  return await inBase(place, options, scenario, async (base) => {
    const trace = join(base, 'trace')
    const { status, stderr } = runChild(base, options, scenario, ['-e', `trace=${calls}`, '-o', trace])
    expect({ status, stderr }).toMatchObject({ status: 0 })
    const counts = new Map<string, number>()
    return [...(await readFile(trace, 'utf8')).matchAll(/^(\d+) +(\w+)\(/gm)].map(([, pid = '', call = '']) => {
      const count = (counts.get(`${pid} ${call}`) ?? 0) + 1
      counts.set(`${pid} ${call}`, count)
      return { call, count }
    })
  })
}

/**
 * What is deleted after the answer makes more calls or fewer before the process ends, and so does a search for a loop device that nobody
 * else takes: a step that was there once need not come again. @returns whether it came
 */
async function crashAt(
  { call: name, count }: Step,
  place: string,
  options: Record<string, OptionValue>,
  scenario: CrashScenario,
): Promise<boolean> {
  return await inBase(place, options, scenario, async (base) => {
    const kill = `inject=${name}:signal=SIGKILL:when=${count}`
    const child = runChild(base, options, scenario, ['-e', `trace=${name}`, '-e', kill, '-o', '/dev/null'])
    const isKilled = child.signal === 'SIGKILL'
    if (!isKilled)
      expect({ status: child.status, stderr: child.stderr }, `${name} ${count}`).toMatchObject({ status: 0 })
    const driver = await local().open(hostIn(base))
    await scenario.act(driver)
    await scenario.check(driver)
    await expectNothingLeft(driver, base, options, `killed at ${name} ${count}`)
    return isKilled
  })
}

async function inBase<T>(
  place: string,
  options: Record<string, OptionValue>,
  scenario: CrashScenario,
  work: (base: string) => Promise<T>,
): Promise<T> {
  const base = await mkdtemp(join(place, 'crash-'))
  try {
    await mkdir(join(base, 'home'))
    const driver = await local().open(hostIn(base))
    await scenario.prepare?.(driver)
    await driver.close()
    const result = await work(base)
    const cleaner = await local().open(hostIn(base))
    await removeAll(cleaner, join(base, 'home/volume'), options)
    await cleaner.close()
    return result
  } finally {
    await unmountAll(base)
    await rm(base, { recursive: true, force: true })
  }
}

async function expectNothingLeft(
  driver: Driver,
  base: string,
  options: Record<string, OptionValue>,
  when: string,
): Promise<void> {
  const root = join(base, 'home/volume')
  await removeAll(driver, root, options)
  await driver.close()
  expect((await readdir(root)).sort(), when).toEqual(['.new', '.trash'])
  expect(await readdir(join(root, '.new')), when).toEqual([])
  expect(await readdir(join(root, '.trash')), when).toEqual([])
  expect(await readdir(join(base, 'state')), when).toEqual([])
  expect(await mountsUnder(root), when).toEqual([])
}

function runChild(
  base: string,
  options: Record<string, OptionValue>,
  { name }: CrashScenario,
  strace: readonly string[],
) {
  const args = ['-f', '-qq', '-b', 'execve', ...strace, process.execPath, join(folder, 'crash-child.mjs')]
  // One thread for the files, so that the calls come in one order.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
  return spawnSync('strace', [...args, base, JSON.stringify(options), name], { encoding: 'utf8', env })
}

async function bundleChild(): Promise<void> {
  const tsup = createRequire(join(workspace, 'package.json')).resolve('tsup/package.json')
  const { build } = createRequire(tsup)('esbuild') as { build: (options: object) => Promise<unknown> }
  await build({
    entryPoints: [join(import.meta.dirname, 'children/crash-child.ts')],
    outfile: join(folder, 'crash-child.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    tsconfig: join(workspace, 'tsconfig.paths.json'),
    external: ['koffi'],
    logLevel: 'warning',
  })
  await mkdir(join(folder, 'node_modules'))
  await symlink(join(workspace, 'packages/libc/node_modules/koffi'), join(folder, 'node_modules/koffi'))
}

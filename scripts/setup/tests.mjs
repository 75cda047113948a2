// Which tests a machine can run, in which order, and what they said.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runVmTests } from '../vm/tests.mjs'
import { absentOf, needs } from './debian.mjs'
import { describeFailures, failedTestsOf } from './failed-tests.mjs'
import { isRoot, root, run, say, step } from './say.mjs'

/** Lanes run one after the other: the first are quick and alone in their packages, the last start whole daemons. */
const lanes = [
  { name: 'packages', what: 'each package alone', projects: packageNames(), args: [] },
  {
    name: 'privileged',
    what: 'packages on real mounts and a real containerd',
    projects: packageNames(),
    args: ['test/privileged'],
    needsRoot: true,
    serial: true,
  },
  {
    name: 'vm',
    what: 'packages on a kernel and disks of their own, in a VM',
    needs: needs.vm,
    arch: 'x64',
    run: runVmTests,
  },
  {
    name: 'crossing',
    what: 'the docker CLI, the pouch CLI, crashes, bad input',
    projects: ['tests'],
    args: [],
    needsRoot: true,
    serial: true,
  },
  {
    name: 'packed',
    what: 'the packed tarballs, installed with npm',
    rootPart: 'examples/embed-engine',
    projects: ['packed'],
    args: [],
    serial: true,
  },
]

const strayErrors = fileURLToPath(import.meta.resolve('./stray-errors.mjs'))
const reports = join(root, '.cache/tests')
/** The failed tests of the last run, for who wants to repeat them: .ci/run. */
const failuresFile = join(reports, 'failed.txt')

/** Runs every lane that fits this machine (or only those named) and prints one summary. @returns an exit code */
export async function runTests({ only = [], extra = [] } = {}) {
  mkdirSync(reports, { recursive: true })
  rmSync(failuresFile, { force: true })
  const chosen = lanes.filter((lane) => only.length === 0 || only.includes(lane.name))
  const results = []
  for (const lane of chosen) results.push(await runIfPossible(lane, extra))
  return summarise(results)
}

async function runIfPossible(lane, extra) {
  if (lane.needsRoot && !isRoot) return { lane, missing: 'root' }
  if (lane.arch !== undefined && process.arch !== lane.arch) return { lane, missing: `a machine of ${lane.arch}` }
  const absent = absentOf(lane.needs ?? [])
  if (absent.length > 0) return { lane, missing: absent.map((need) => need.debian).join(', ') }
  return lane.run === undefined ? await runLane(lane, extra) : await runOwn(lane)
}

/** A lane that vitest has no part in. */
async function runOwn(lane) {
  step(`tests: ${lane.what}`)
  const started = Date.now()
  const result = await lane.run().catch((error) => {
    process.stderr.write(`${error.message}\n`)
    return {
      code: 1,
      passed: 0,
      failed: 1,
      failures: [{ file: lane.name, name: '(the lane)', message: error.message }],
    }
  })
  return { lane, ...result, seconds: (Date.now() - started) / 1000 }
}

async function runLane(lane, extra) {
  step(`tests: ${lane.what}`)
  const report = join(reports, `${lane.name}.json`)
  const strays = join(reports, `${lane.name}.strays.json`)
  for (const file of [report, strays]) rmSync(file, { force: true })
  const started = Date.now()
  const { code } = await run(
    join(root, 'node_modules/.bin/vitest'),
    [
      'run',
      ...lane.projects.flatMap((project) => ['--project', project]),
      ...lane.args,
      ...(lane.serial ? ['--no-file-parallelism'] : ['--maxWorkers=2']),
      '--reporter=default',
      '--reporter=json',
      `--reporter=${strayErrors}`,
      `--outputFile.json=${report}`,
      ...extra,
    ],
    { mayFail: true, env: { ...process.env, POUCH_TEST_LANE: lane.name, POUCH_STRAY_ERRORS: strays } },
  )
  const failures = [...failedTestsOf(report), ...straysOf(strays, lane)]
  return { lane, code, seconds: (Date.now() - started) / 1000, ...countOf(report), failures }
}

function countOf(report) {
  if (!existsSync(report)) return { passed: 0, failed: 0 }
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
  return { passed: numPassedTests, failed: numFailedTests }
}

function straysOf(file, lane) {
  if (!existsSync(file)) return []
  const messages = JSON.parse(readFileSync(file, 'utf8'))
  return messages.map((message) => ({ file: lane.name, name: '(an error outside of every test)', message }))
}

function summarise(results) {
  step('summary')
  let passed = 0
  let failed = 0
  for (const { lane, ...result } of results) {
    if (result.code === undefined) say(`  ${lane.name}: not run, it needs ${result.missing}: ${lane.what}`)
    else say(`  ${lane.name}: ${result.passed} passed, ${result.failed} failed, ${result.seconds.toFixed(0)} s`)
    if (lane.rootPart !== undefined && !isRoot) say(`  ${lane.name}: not run, it needs root: ${lane.rootPart}`)
    passed += result.passed ?? 0
    failed += result.failed ?? 0
  }
  const isGreen = results.every((result) => result.code === undefined || result.code === 0) && passed > 0
  if (!isGreen && failed === 0) failed = 1
  say(`\n${passed} passed, ${failed} failed`)
  if (!isGreen) nameFailures(results)
  return isGreen ? 0 : 1
}

/** At the end of all output, where it is found. */
function nameFailures(results) {
  const failures = results.flatMap((result) => {
    if (result.code === undefined || result.code === 0 || result.failures.length > 0) return result.failures ?? []
    return [
      { file: result.lane.name, name: '(the lane)', message: `it ended with code ${result.code}, and names no test` },
    ]
  })
  const text = failures.length > 0 ? describeFailures(failures) : 'no lane ran any test'
  writeFileSync(failuresFile, `${text}\n`)
  say(`\n${text}`)
}

function packageNames() {
  return readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
}

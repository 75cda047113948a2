// The tests of packages/*/test/vm and tests/reliability/vm: bundled here, packed, and run one file after the other in one VM.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { Writable } from 'node:stream'
import { atExit } from '../setup/at-exit.mjs'
import { root, say } from '../setup/say.mjs'
import { runInVm } from './boot.mjs'
import { vmImage } from './image.mjs'

const packages = join(root, 'packages')
const crossing = join(root, 'tests/reliability/vm')
const disks = ['4G', '4G']
const diskNames = ['/dev/vdb', '/dev/vdc']
/** Packages that have a binary, or load one by its name: copied as they are, each with those that the one before it loads. */
const natives = [
  { from: 'libc', chain: ['koffi', '@koromix'] },
  { from: 'store-sqlite', chain: ['@keyv/sqlite', 'sqlite3', 'bindings', 'file-uri-to-path'] },
  { from: 'store-sqlite', chain: ['keyv', '@keyv/serialize'] },
]
/** The rest of it is sources and what a build leaves. */
const partsOf = { sqlite3: ['package.json', 'lib', 'build/Release/node_sqlite3.node'] }
const timeoutMs = 600_000

/**
 * Runs test files in the VM.
 *
 * @param {string[]} files all of packages/{name}/test/vm and tests/reliability/vm unless given
 * @returns {Promise<{ code: number, passed: number, failed: number, failures: { file: string, name: string, message: string }[] }>}
 */
export async function runVmTests(files = []) {
  const chosen = files.length > 0 ? files.map((file) => resolve(file)) : vmTestFiles()
  if (chosen.length === 0) return { code: 1, passed: 0, failed: 0, failures: [] }
  await vmImage()
  const work = mkdtempSync(join(tmpdir(), 'pouch-vm-tests-'))
  const remove = () => rmSync(work, { recursive: true, force: true })
  const keep = atExit(remove)
  const started = Date.now()
  let results = ''
  const stderr = new Writable({
    write(chunk, _encoding, done) {
      results += chunk
      process.stderr.write(chunk, done)
    },
  })
  try {
    const bundles = await bundle(chosen, work)
    const reporters = '--test-reporter=spec --test-reporter-destination=stdout'
    const counts = '--test-reporter=./counts.mjs --test-reporter-destination=/run/counts'
    const command = [
      `export POUCH_VM_DISKS=${diskNames.join(',')} POUCH_VM_LONG=${process.env.POUCH_VM_LONG === '1' ? 1 : 0} NODE_PATH=/repo/node_modules`,
      `export POUCH_TEST_SEED=${/^\d+$/.exec(process.env.POUCH_TEST_SEED ?? '')?.[0] ?? ''}`,
      `node --enable-source-maps --test --test-concurrency=1 ${reporters} ${counts} ${bundles.join(' ')}`,
      'code=$?',
      'cat /run/counts >&2',
      'exit $code',
    ].join('\n')
    const code = await runInVm(command, { packed: work, disks, timeoutMs, stderr })
    const [, passed = 0, failed = 0] = /vm tests: (\d+) passed, (\d+) failed/.exec(results)?.map(Number) ?? []
    say(`  ${chosen.length} files in the VM: ${((Date.now() - started) / 1000).toFixed(1)} s with its boot`)
    return { code: passed === 0 ? 1 : code, passed, failed, failures: failuresOf(results, chosen) }
  } finally {
    keep()
    remove()
  }
}

/** What guest/counts.mjs wrote of each failed test, with the name that its file has here. */
function failuresOf(results, files) {
  return [...results.matchAll(/^vm failure: (.*)$/gm)].map(([, json]) => {
    const failure = JSON.parse(json)
    // Where the source map was read it is the source already.
    const source = files.find((file) => file === failure.file || `${bundleName(file)}.mjs` === basename(failure.file))
    return source === undefined ? failure : { ...failure, file: relative(root, source) }
  })
}

/** The test files of every package, and of what crosses them. */
export function vmTestFiles() {
  return [...readdirSync(packages).map((name) => join(packages, name, 'test/vm')), crossing]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((file) => file.endsWith('.test.ts'))
}

/** One module a test file, with all that it imports; what has a binary is beside it. */
async function bundle(files, work) {
  const { build } = createRequire(realpathSync(join(root, 'node_modules/tsup/package.json')))('esbuild')
  const tests = files.map(bundleName)
  const entryPoints = [...files, ...programsBeside(files)].map((file) => ({ in: file, out: bundleName(file) }))
  await build({
    entryPoints,
    outdir: work,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: false,
    tsconfig: join(root, 'tsconfig.paths.json'),
    external: natives.map(({ chain: [name] }) => name),
    logLevel: 'warning',
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url)",
    },
  })
  mkdirSync(join(work, 'node_modules'))
  for (const native of natives) copyNative(native, join(work, 'node_modules'))
  cpSync(join(import.meta.dirname, 'guest/counts.mjs'), join(work, 'counts.mjs'))
  return tests.map((name) => `${name}.mjs`)
}

/** Programs that tests start: `WHAT.program.ts` in the same folder. */
function programsBeside(files) {
  return [...new Set(files.map((file) => dirname(file)))].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.program.ts'))
      .map((name) => join(folder, name)),
  )
}

function copyNative({ from, chain }, target) {
  let place = join(packages, from, 'node_modules')
  for (const name of chain) {
    const source = realpathSync(join(place, name))
    for (const part of partsOf[name] ?? ['.']) {
      cpSync(join(source, part), join(target, name, part), { recursive: true, dereference: true })
    }
    // pnpm puts what a package loads beside it.
    place = source.slice(0, source.lastIndexOf('/node_modules/') + '/node_modules'.length)
  }
}

/** packages/quota/test/vm/project.test.ts → quota.project.test */
function bundleName(file) {
  return `${basename(resolve(file, '../../..'))}.${basename(file, '.ts')}`
}

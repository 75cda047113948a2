// The tests of packages/*/test/vm: bundled here, packed, and run one file after the other in one VM.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { Writable } from 'node:stream'
import { root, say } from '../setup/say.mjs'
import { runInVm } from './boot.mjs'
import { vmImage } from './image.mjs'

const packages = join(root, 'packages')
const disks = ['4G', '4G']
const diskNames = ['/dev/vdb', '/dev/vdc']
/** Has a binary, so it is copied as it is. */
const native = { name: 'koffi', usedBy: 'libc' }
const timeoutMs = 600_000

/**
 * Runs test files in the VM.
 *
 * @param {string[]} files all of packages/{name}/test/vm unless given
 * @returns {Promise<{ code: number, passed: number, failed: number }>}
 */
export async function runVmTests(files = []) {
  const chosen = files.length > 0 ? files.map((file) => resolve(file)) : vmTestFiles()
  if (chosen.length === 0) return { code: 1, passed: 0, failed: 0 }
  await vmImage()
  const work = mkdtempSync(join(tmpdir(), 'pouch-vm-tests-'))
  const remove = () => rmSync(work, { recursive: true, force: true })
  process.once('exit', remove)
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
      `node --enable-source-maps --test --test-concurrency=1 ${reporters} ${counts} ${bundles.join(' ')}`,
      'code=$?',
      'cat /run/counts >&2',
      'exit $code',
    ].join('\n')
    const code = await runInVm(command, { packed: work, disks, timeoutMs, stderr })
    const [, passed = 0, failed = 0] = /vm tests: (\d+) passed, (\d+) failed/.exec(results)?.map(Number) ?? []
    say(`  ${chosen.length} files in the VM: ${((Date.now() - started) / 1000).toFixed(1)} s with its boot`)
    return { code: passed === 0 ? 1 : code, passed, failed }
  } finally {
    process.off('exit', remove)
    remove()
  }
}

/** The test files of every package. */
export function vmTestFiles() {
  return readdirSync(packages)
    .map((name) => join(packages, name, 'test/vm'))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((file) => file.endsWith('.test.ts'))
}

/** One module a test file, with all that it imports; what has a binary is beside it. */
async function bundle(files, work) {
  const { build } = createRequire(realpathSync(join(root, 'node_modules/tsup/package.json')))('esbuild')
  const entryPoints = files.map((file) => ({ in: file, out: bundleName(file) }))
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
    external: [native.name],
    logLevel: 'warning',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
  })
  const source = realpathSync(join(packages, native.usedBy, 'node_modules', native.name))
  mkdirSync(join(work, 'node_modules'))
  for (const name of [native.name, '@koromix']) {
    cpSync(join(dirname(source), name), join(work, 'node_modules', name), { recursive: true, dereference: true })
  }
  cpSync(join(import.meta.dirname, 'guest/counts.mjs'), join(work, 'counts.mjs'))
  return entryPoints.map(({ out }) => `${out}.mjs`)
}

/** packages/quota/test/vm/project.test.ts → quota.project.test */
function bundleName(file) {
  return `${basename(resolve(file, '../../..'))}.${basename(file, '.ts')}`
}

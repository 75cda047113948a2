// The workspace: pnpm in the version that package.json names, the packages, SQLite's binding, one build.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { installDebian, needs, nodeHeaders } from './debian.mjs'
import { root, run, SetupError, say, step } from './say.mjs'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const tools = join(root, '.tools')
const pnpm = join(tools, 'node_modules/.bin/pnpm')

/** Everything that the demo and the tests need before their first line. Repeating it is cheap. */
export async function prepareWorkspace({ yes = false } = {}) {
  checkNode()
  await installPnpm()
  const sqlite = await installPackages({ yes })
  step('build')
  await build()
  return { sqlite }
}

/** Builds what changed, in the order of the dependencies: lerna runs the packages' own build scripts. */
export async function build() {
  const path = `${join(tools, 'node_modules/.bin')}${delimiter}${process.env.PATH}`
  const env = { ...process.env, PATH: path, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false', FORCE_COLOR: '0' }
  const started = Date.now()
  await run(join(root, 'node_modules/.bin/lerna'), ['run', 'build', '--loglevel', 'error'], { quiet: true, env })
  say(`  built in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  throw new SetupError(`Node ${process.versions.node} is too old: Pouch needs 20.19 or newer`)
}

async function installPnpm() {
  const version = manifest.packageManager.split('@')[1]
  const installed = join(tools, 'node_modules/pnpm/package.json')
  if (existsSync(installed) && JSON.parse(readFileSync(installed, 'utf8')).version === version) return
  step(`pnpm ${version}, into .tools`)
  await run('npm', ['install', '--prefix', tools, '--no-save', '--no-audit', '--no-fund', `pnpm@${version}`], {
    quiet: true,
  })
}

/**
 * Installs the packages. The only one that may need a compiler is sqlite3, where npm has no binding for this machine:
 * then the compiler is installed (as root), and without one the packages are installed all the same.
 *
 * @returns {Promise<boolean>} whether SQLite's binding is there; without it the engine uses node:sqlite or the memory store
 */
async function installPackages({ yes }) {
  step('packages of the workspace')
  let result = await pnpmInstall()
  if (result.code !== 0) {
    const absent = await installDebian(needs.compiler, { yes })
    if (absent.length === 0) result = await pnpmInstall()
  }
  if (result.code !== 0) {
    process.stderr.write(`${result.output.split('\n').slice(-12).join('\n')}\n`)
    await run(pnpm, [...installArguments, '--ignore-scripts'], { quiet: true })
  }
  if (bindingLoads()) return true
  say("  SQLite's binding is absent: building it takes g++, make, python3 and Node's headers")
  return false
}

const installArguments = ['install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only']

function pnpmInstall() {
  const nodedir = nodeHeaders()
  const env = { ...process.env, ...(nodedir === undefined ? {} : { npm_config_nodedir: nodedir }), JOBS: 'max' }
  return run(pnpm, installArguments, { quiet: true, mayFail: true, env })
}

function bindingLoads() {
  try {
    const fromStore = createRequire(join(root, 'packages/store-sqlite/package.json'))
    const fromAdapter = createRequire(fromStore.resolve('@keyv/sqlite'))
    fromAdapter('sqlite3')
    return true
  } catch {
    return false
  }
}

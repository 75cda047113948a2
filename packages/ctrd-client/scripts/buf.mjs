// Runs buf from node_modules: no protoc, no network, nothing written outside a throw-away directory.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** The folder of an installed package, also of one that does not export its package.json. */
export function packageFolder(name) {
  const folders = require.resolve.paths(name) ?? []
  for (const folder of folders) {
    try {
      return dirname(require.resolve(join(folder, name, 'package.json')))
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  throw new Error(`${name} is not installed; run the package manager's install first`)
}

/** Runs buf with these arguments and returns its standard output as a Buffer. */
export function buf(args, cwd) {
  const cache = mkdtempSync(join(tmpdir(), 'ctrd-buf-'))
  try {
    const run = spawnSync(process.execPath, [join(packageFolder('@bufbuild/buf'), 'bin', 'buf'), ...args], {
      cwd,
      env: { PATH: process.env.PATH, HOME: cache, BUF_CACHE_DIR: cache, BUF_NO_UPDATE_CHECK: '1' },
      maxBuffer: 64 * 1024 * 1024,
    })
    if (run.error) throw run.error
    if (run.status !== 0) throw new Error(`buf ${args[0]} failed (${run.status ?? run.signal}): ${run.stderr}`)
    return run.stdout
  } finally {
    rmSync(cache, { recursive: true, force: true })
  }
}

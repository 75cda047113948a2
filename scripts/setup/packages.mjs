// The public packages of the workspace, and their tarballs as npm would get them.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './say.mjs'

const packFolder = join(root, '.cache/packs')

/** @returns {{ folder: string, name: string, manifest: object }[]} */
export function publicPackages() {
  return readdirSync(join(root, 'packages'))
    .map((name) => join(root, 'packages', name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => ({ folder, name: manifest.name, manifest }))
}

/** Packs every public package. @returns {Promise<Map<string, string>>} the tarball of each name */
export async function packAll() {
  rmSync(packFolder, { recursive: true, force: true })
  mkdirSync(packFolder, { recursive: true })
  const tarballs = new Map()
  for (const { folder, name, manifest } of publicPackages()) {
    const args = ['pack', '--pack-destination', packFolder, '--config.ignore-scripts=true']
    await run(join(root, '.tools/node_modules/.bin/pnpm'), args, { cwd: folder, quiet: true })
    tarballs.set(name, join(packFolder, `${name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`))
  }
  return tarballs
}

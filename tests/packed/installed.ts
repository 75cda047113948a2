import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { nodeHeaders } from '../../scripts/setup/debian.mjs'
import { packAll } from '../../scripts/setup/packages.mjs'

const execute = promisify(execFile)
export const repository = join(import.meta.dirname, '../..')

/** A directory with every packed tarball installed by plain npm, as a user of the published packages has them. */
export class InstalledPackages {
  readonly folder: string
  readonly names: readonly string[]

  private constructor(folder: string, names: readonly string[]) {
    this.folder = folder
    this.names = names
  }

  static async install(): Promise<InstalledPackages> {
    const folder = mkdtempSync(join(tmpdir(), 'pouch-packed-'))
    const tarballs = await packAll()
    const dependencies = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]))
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'user', private: true, type: 'module', dependencies }),
    )
    const nodedir = nodeHeaders()
    const env = { ...process.env, ...(nodedir === undefined ? {} : { npm_config_nodedir: nodedir }), JOBS: 'max' }
    await execute('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, env })
    for (const example of ['embed-volumes', 'embed-engine']) {
      cpSync(join(repository, 'examples', example, 'index.mjs'), join(folder, `${example}.mjs`))
    }
    return new InstalledPackages(folder, [...tarballs.keys()])
  }

  /** Runs a program in the directory. @returns its standard output */
  async run(program: string, ...args: string[]): Promise<string> {
    const { stdout } = await execute(program, args, { cwd: this.folder, maxBuffer: 1 << 24 })
    return stdout
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

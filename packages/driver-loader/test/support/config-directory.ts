import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { type DriverEntry, parseDriverEntries } from '../../src/index.js'

/** A directory that is trusted, which the system's temporary one is not: anybody can put files there. */
export class ConfigDirectory {
  readonly path = mkdtempSync(join(process.geteuid?.() === 0 ? '/var/lib' : homedir(), '.pouch-driver-loader-'))
  readonly file = this.write('pouchd.json', '{}')
  readonly home = join(this.path, 'home')

  write(path: string, text: string): string {
    const file = join(this.path, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }

  /** Makes a package with one module. @returns its directory */
  package(name: string, module: string, manifest: object = {}, folder = 'node_modules'): string {
    const all = { name, version: '1.2.3', type: 'module', exports: './driver.js', ...manifest }
    this.write(`${folder}/${name}/package.json`, JSON.stringify(all))
    return dirname(this.write(`${folder}/${name}/driver.js`, module))
  }

  entries(...drivers: object[]): readonly DriverEntry[] {
    return parseDriverEntries(drivers, this.file)
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** The text of a module whose factory makes a driver of this name, and says which options it got. */
export function driverModule(name: string, parts = ''): string {
  return `export default (options) => ({
    contract: 1, name: '${name}', version: JSON.stringify(options), options: {}, ${parts}
    open: async () => ({ name: '${name}' }),
  })`
}

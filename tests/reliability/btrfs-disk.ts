import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import type { Place } from './place.js'
import { defaultDriver, type ModelState } from './volume-model.js'

const run = promisify(execFile)
const env = { PATH: '/usr/sbin:/sbin:/usr/bin:/bin', LC_ALL: 'C' }
const memory = '/dev/shm'
const diskBytes = 2 * 2 ** 30
/** The number of the first subvolume that somebody makes; 5 is the filesystem itself. */
const firstSubvolume = 256

/** A btrfs of a test's own. What is on it is told by btrfs-progs, not by what is tested. */
export class BtrfsDisk implements Place {
  readonly folder: string
  readonly #base: string

  private constructor(base: string) {
    this.#base = base
    this.folder = join(base, 'mounted')
  }

  static async make(): Promise<BtrfsDisk> {
    // Whoever is killed leaves the kernel alone: a disk in memory loses nothing then, and has fast syncs.
    const base = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), 'pouch-btrfs-'))
    const image = join(base, 'image')
    writeFileSync(image, '')
    truncateSync(image, diskBytes)
    const disk = new BtrfsDisk(base)
    mkdirSync(disk.folder)
    try {
      await run('mkfs.btrfs', ['-q', image], { env })
      // What was deleted is cleared away after a commit, which otherwise comes every 30 s.
      await run('mount', ['-o', 'loop,commit=1', image, disk.folder], { env })
    } catch (error) {
      rmSync(base, { recursive: true })
      throw error
    }
    return disk
  }

  /** Of subvolumes, and of their limits. */
  async differences(home: string, told: ModelState): Promise<string[]> {
    const prefix = `${relative(this.folder, home)}/`
    const wanted = Object.entries(told).flatMap(([name, volume]) => subvolumesOf(name, volume))
    const paths = new Map([...(await this.#subvolumes())].map(([id, path]) => [path, id]))
    const found = [...paths.keys()].filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length))
    return [
      ...found.filter((path) => !wanted.includes(path)).map((path) => `the subvolume ${path} belongs to nobody`),
      ...wanted.filter((path) => !found.includes(path)).map((path) => `the subvolume ${path} is gone`),
      ...(await this.#wrongLimits(told, (path) => paths.get(`${prefix}${path}`))),
    ]
  }

  /** What is left on the disk once its homes are gone, and btrfs has counted that. */
  async orphans(): Promise<string[]> {
    await run('btrfs', ['filesystem', 'sync', this.folder], { env })
    await run('btrfs', ['subvolume', 'sync', this.folder], { env })
    await run('btrfs', ['filesystem', 'sync', this.folder], { env })
    const subvolumes = await this.#subvolumes()
    const qgroups = [...(await this.#limits()).keys()].filter((id) => id >= firstSubvolume && !subvolumes.has(id))
    return [...[...subvolumes.values()].map((path) => `subvolume ${path}`), ...qgroups.map((id) => `qgroup 0/${id}`)]
  }

  async remove(): Promise<void> {
    await run('umount', [this.folder], { env })
    rmSync(this.#base, { recursive: true })
  }

  async #wrongLimits(told: ModelState, idOf: (path: string) => number | undefined): Promise<string[]> {
    const sized = Object.entries(told).filter(([, volume]) => isSubvolume(volume) && volume.sizeBytes !== undefined)
    if (sized.length === 0) return []
    const limits = await this.#limits()
    return sized.flatMap(([name, { sizeBytes }]) => {
      const limit = limits.get(idOf(dataOf(name)) ?? 0)
      return limit === sizeBytes ? [] : [`the limit of ${name} is ${limit}, and ${sizeBytes} was asked for`]
    })
  }

  /** Paths by number. */
  async #subvolumes(): Promise<Map<number, string>> {
    const { stdout } = await run('btrfs', ['subvolume', 'list', this.folder], { env })
    return new Map([...stdout.matchAll(/^ID (\d+) .* path (.*)$/gm)].map(([, id, path]) => [Number(id), path ?? '']))
  }

  /** Limits by the number of the subvolume; all that have a qgroup. */
  async #limits(): Promise<Map<number, number | undefined>> {
    const { stdout } = await run('btrfs', ['qgroup', 'show', '--raw', '-re', this.folder], { env })
    const rows = [...stdout.matchAll(/^0\/(\d+) +\d+ +\d+ +(none|\d+) /gm)]
    return new Map(rows.map(([, id, limit]) => [Number(id), limit === 'none' ? undefined : Number(limit)]))
  }
}

const dataOf = (name: string) => `volume/${name}/_data`
const isSubvolume = ({ driver }: ModelState[string]) => driver === defaultDriver

function subvolumesOf(name: string, volume: ModelState[string]): string[] {
  if (!isSubvolume(volume)) return []
  const snapshots = Object.keys(volume.snapshots).map((snapshot) => `volume/${name}/_snapshots/${snapshot}/_data`)
  return [dataOf(name), ...snapshots]
}

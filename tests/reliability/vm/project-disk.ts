import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { projectOf, projectUsages } from '@pouch/quota'
import type { Place } from '../place.js'
import { defaultDriver, type ModelState } from '../volume-model.js'

const run = promisify(execFile)
const features = {
  ext4: ['-F', '-O', 'quota,project', '-E', 'lazy_itable_init=1,nodiscard'],
  xfs: ['-f', '-K'],
} as const

/** A filesystem with project quota, on a disk of the VM. */
export class ProjectDisk implements Place {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(type: 'ext4' | 'xfs', device: string): Promise<ProjectDisk> {
    await run(`mkfs.${type}`, ['-q', ...features[type], device])
    const folder = mkdtempSync('/tmp/disk-')
    await run('mount', ['-t', type, '-o', 'prjquota', device, folder])
    return new ProjectDisk(folder)
  }

  /** Limits that are not those of the volumes. What is left over can be told of the whole disk only. */
  async differences(home: string, told: ModelState): Promise<readonly string[]> {
    return await wrongLimits(home, told)
  }

  /** Projects that have a limit, or files: by the kernel's own list (Q_GETNEXTQUOTA), whatever anybody noted. */
  async projects(): Promise<string[]> {
    const usages = (await projectUsages(this.folder)).filter(({ id }) => id !== 0)
    return usages.map(({ id, usedInodes, limitBytes }) => `project ${id}: ${usedInodes} inodes, limit ${limitBytes}`)
  }

  async remove(): Promise<void> {
    await run('umount', [this.folder])
    rmSync(this.folder, { recursive: true })
  }
}

async function wrongLimits(home: string, told: ModelState): Promise<string[]> {
  const sized = Object.entries(told).filter(
    ([, { driver, sizeBytes }]) => driver === defaultDriver && sizeBytes !== undefined,
  )
  if (sized.length === 0) return []
  const usages = new Map((await projectUsages(home)).map(({ id, limitBytes }) => [id, limitBytes]))
  const found = await Promise.all(
    sized.map(async ([name, { sizeBytes }]) => {
      const { id } = await projectOf(join(home, 'volume', name, '_data'))
      const limit = id === 0 ? undefined : usages.get(id)
      return limit === sizeBytes ? [] : [`the limit of ${name}, in project ${id}, is ${limit} and not ${sizeBytes}`]
    }),
  )
  return found.flat()
}

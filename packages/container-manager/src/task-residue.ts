import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, readlink, rm, rmdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { readMountinfo, unmount } from '@pouch/mount'
import type { Logger } from './sources.js'

const run = promisify(execFile)
const cgroupRoot = '/sys/fs/cgroup'
const triesMs = [0, 10, 20, 50, 100, 200, 400, 800]

/** Where tasks leave traces. */
export interface TaskResidueOptions {
  readonly namespace: string
  /** runc's state directory, without the namespace. */
  readonly runcRoot: string
  readonly runcBinary: string
  readonly log: Logger
}

/**
 * What is left of a task that containerd does not know any more. When its client dies in the middle of a create or a delete, containerd
 * drops the task and may leave the shim, a process that was never started, its cgroup and its bundle; with the bundle there, the
 * container could not be started again. Found and removed by the container's id, which nobody else has.
 */
export class TaskResidue {
  readonly #options: TaskResidueOptions

  constructor(options: TaskResidueOptions) {
    this.#options = options
  }

  /** Removes what is left of a container's task. @param shim the process id of its shim, when there is one */
  async clear(id: string, cgroupPath: string, shim: number | undefined): Promise<void> {
    const { runcRoot, namespace, runcBinary, log } = this.#options
    const bundle = shim === undefined ? undefined : await linkOf(`/proc/${shim}/cwd`)
    const state = join(runcRoot, namespace, id)
    const cgroups = await cgroupsOf(cgroupPath)
    const hasState = existsSync(state)
    if (shim === undefined && !hasState && cgroups.length === 0) return
    log.warn({ container: id, shim, cgroups }, 'a task was left behind when its client died; it is removed')
    if (shim !== undefined) killIfThere(shim)
    if (hasState) await run(runcBinary, ['--root', dirname(state), 'delete', '--force', id])
    for (const cgroup of cgroups) await removeCgroup(cgroup)
    await this.#removeBundle(id, bundle)
  }

  async #removeBundle(id: string, bundle: string | undefined): Promise<void> {
    for (const { mountPoint } of await readMountinfo()) {
      if (mountPoint.endsWith(`/${id}/rootfs`)) await unmount(mountPoint, { lazy: true })
    }
    if (bundle !== undefined && basename(bundle) === id) await rm(bundle, { recursive: true, force: true })
  }
}

async function cgroupsOf(cgroupPath: string): Promise<string[]> {
  const hierarchies = (await readdir(cgroupRoot)).map((name) => join(cgroupRoot, name, cgroupPath))
  return [join(cgroupRoot, cgroupPath), ...hierarchies].filter((path) => existsSync(path))
}

/** Kills what is in a cgroup and removes it; the kernel needs a moment to let go of the dead. */
async function removeCgroup(path: string): Promise<void> {
  for (const ms of triesMs) {
    await delay(ms)
    const pids = (await readIfThere(join(path, 'cgroup.procs'))).split('\n').filter((pid) => pid !== '')
    for (const pid of pids) killIfThere(Number(pid))
    if (await removed(path)) return
  }
}

async function removed(path: string): Promise<boolean> {
  try {
    await rmdir(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return true
    if (code === 'EBUSY') return false
    throw error
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENODEV') return ''
    throw error
  }
}

async function linkOf(path: string): Promise<string | undefined> {
  try {
    return await readlink(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

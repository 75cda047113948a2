import { readdir, readFile, readlink } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { ContainerEntry } from './container-entry.js'
import type { ContainerRecord } from './container-record.js'
import type { Exits } from './exits.js'
import type { ManagerContext } from './manager-context.js'
import { cgroupsPath } from './spec/oci-spec.js'
import type { TaskResidue } from './task-residue.js'

interface Shim {
  readonly pid: number
  /** The container that it was started for. */
  readonly id: string
  /** Its directory is gone: containerd has given it up. */
  readonly isGivenUp: boolean
}

/** The cgroup of each container's id. */
type Cgroups = ReadonlyMap<string, string>

const roundMs = 250
const rounds = 24

/**
 * Takes back what containerd was making for an engine that died in the middle of a start.
 *
 * containerd goes on for a moment after its client is gone. Then there is a task that nobody asked for any more; or (seen with
 * 1.6) containerd takes the task back and forgets the shim, with its directory or without, and it stays for ever. Nothing tells
 * of it, so the processes of this host are looked through for some seconds after such a boot. Ids are random, so that a shim
 * of one of ours is ours. One that containerd knows nothing of at the end of that time is removed.
 */
export class StrayShims {
  readonly #context: ManagerContext
  readonly #exits: Exits
  readonly #residue: TaskResidue
  #reaping: Promise<void> = Promise.resolve()

  constructor(context: ManagerContext, exits: Exits, residue: TaskResidue) {
    this.#context = context
    this.#exits = exits
    this.#residue = residue
  }

  /**
   * Looks for what is left of containers that do not run: once, and again for a while when something was cut short.
   *
   * @param records as they were before boot worked on them: some of the containers may be removed by now
   */
  reap(records: readonly ContainerRecord[], wasCutShort: boolean): void {
    const { closing, log } = this.#context
    const cgroups = new Map(records.map(({ id, config }) => [id, cgroupsPath(config.cgroupParent, id)]))
    const reaping = this.#reap(cgroups, wasCutShort ? rounds : 1).catch((error: unknown) => {
      if (!closing.aborted) log.warn({ err: error }, 'what an earlier engine left could not be looked for')
    })
    this.#reaping = Promise.all([this.#reaping, reaping]).then(() => undefined)
  }

  /** Resolves when the search has ended, which the context's signal brings about. */
  async settled(): Promise<void> {
    await this.#reaping
  }

  async #reap(cgroups: Cgroups, left: number): Promise<void> {
    for (const { pid, id, isGivenUp } of await shimsOf(this.#context.containerd.namespace)) {
      const cgroup = cgroups.get(id)
      if (cgroup === undefined) continue
      await this.#unlessUsed(id, async (entry) => {
        const isKnown = !isGivenUp && (await this.#context.containerd.tasks.get(id)) !== undefined
        if (isKnown) await this.#discardTask(entry)
        else if (isGivenUp || left <= 1) await this.#residue.clear(id, cgroup, pid)
      })
    }
    if (left <= 1) return this.#clearResidues(cgroups)
    await delay(roundMs, undefined, { signal: this.#context.closing })
    await this.#reap(cgroups, left - 1)
  }

  /** A shim that ended in the middle of a create may have left a process that was never started. */
  async #clearResidues(cgroups: Cgroups): Promise<void> {
    for (const [id, cgroup] of cgroups) await this.#unlessUsed(id, () => this.#residue.clear(id, cgroup, undefined))
  }

  async #discardTask(entry: ContainerEntry | undefined): Promise<void> {
    // A container that is removed has no task: what containerd knows then is being undone by it.
    if (entry === undefined) return
    await this.#exits.discardTask(entry)
    this.#context.log.warn({ container: entry.id }, 'a task that was made after its engine had died was removed')
  }

  /** Runs `use` unless the container runs, or its end is being worked on; nobody starts it meanwhile. */
  async #unlessUsed(id: string, use: (entry: ContainerEntry | undefined) => Promise<void>): Promise<void> {
    const entry = this.#context.registry.all().find((known) => known.id === id)
    if (entry === undefined) return use(undefined)
    await entry.lock.run(async () => {
      if (!entry.isRunning && entry.run === undefined) await use(entry)
    }, this.#context.closing)
  }
}

/** The shims of a containerd namespace, by their command lines. */
async function shimsOf(namespace: string): Promise<Shim[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(pids.map((pid) => shimAt(pid, namespace)))
  return found.filter((shim) => shim !== undefined)
}

async function shimAt(pid: string, namespace: string): Promise<Shim | undefined> {
  try {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
    const after = (flag: string) => words[words.indexOf(flag) + 1]
    if (words[0]?.includes('containerd-shim') !== true || after('-namespace') !== namespace) return undefined
    const id = after('-id') ?? ''
    return { pid: Number(pid), id, isGivenUp: (await readlink(`/proc/${pid}/cwd`)).endsWith(' (deleted)') }
  } catch (error) {
    // It has ended meanwhile, or is no business of ours to look at.
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

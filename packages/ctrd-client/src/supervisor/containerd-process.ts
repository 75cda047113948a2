import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { PouchError } from '@pouch/errors'
import type { ContainerdClient } from '../containerd-client.js'
import { identifyProcess, isAlive, type ProcessIdentity } from './process-identity.js'

/** How a containerd ended. Code and signal are known only of one that this process started. */
export interface ContainerdExit {
  readonly pid: number
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const lookAgainMs = 200
const deathPollMs = 20

/** One running containerd, a child of ours or not. */
export class ContainerdProcess {
  readonly identity: ProcessIdentity
  /** Resolves when it has ended. */
  readonly ended: Promise<ContainerdExit>

  constructor(identity: ProcessIdentity, ended: Promise<ContainerdExit>) {
    this.identity = identity
    this.ended = ended
  }

  /** Starts one, in a session of its own, so that it outlives us and hears none of our terminal's signals. */
  static async spawn(program: string, args: readonly string[], logFd: number): Promise<ContainerdProcess> {
    const child = spawn(program, args, {
      detached: true,
      cwd: '/',
      env: environment(),
      stdio: ['ignore', logFd, logFd],
    })
    const ended = exitOf(child)
    let failure: Error | undefined
    child.once('error', (error) => {
      failure = error
    })
    const identity = child.pid === undefined ? undefined : await identifyProcess(child.pid)
    if (identity !== undefined) {
      child.unref()
      return new ContainerdProcess(identity, ended)
    }
    const { code, signal } = await ended
    const message =
      failure === undefined
        ? `containerd ended at once (${signal ?? code})`
        : `cannot start containerd: ${failure.message}`
    throw new PouchError('unavailable', message, { op: 'containerd.supervise', subject: program, cause: failure })
  }

  /** Takes over one that runs. That it ended is seen by the end of a stream that it serves. */
  static adopt(identity: ProcessIdentity, client: ContainerdClient, signal: AbortSignal): ContainerdProcess {
    return new ContainerdProcess(identity, endOfAdopted(identity, client, signal))
  }

  /**
   * Ends it: SIGTERM, and SIGKILL when it has not ended in time.
   *
   * @throws PouchError `timeout` when it survives both
   */
  async stop(graceMs: number): Promise<void> {
    await this.#signal('SIGTERM')
    if (await this.#endsWithin(graceMs)) return
    await this.#signal('SIGKILL')
    if (await this.#endsWithin(graceMs)) return
    const { pid } = this.identity
    const message = `containerd (process ${pid}) did not end ${graceMs} ms after SIGKILL`
    throw new PouchError('timeout', message, { op: 'containerd.stop', subject: String(pid) })
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    if (!(await isAlive(this.identity))) return
    try {
      process.kill(this.identity.pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  /** The kernel tells only a parent of a death, and we may not be one. */
  async #endsWithin(graceMs: number): Promise<boolean> {
    for (const until = Date.now() + graceMs; Date.now() < until; ) {
      if (!(await isAlive(this.identity))) return true
      await delay(deathPollMs)
    }
    return false
  }
}

function exitOf(child: ChildProcess): Promise<ContainerdExit> {
  const pid = child.pid ?? 0
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ pid, code, signal }))
    // Why is told by whoever started it.
    child.once('error', () => resolve({ pid, code: null, signal: null }))
  })
}

async function endOfAdopted(
  identity: ProcessIdentity,
  client: ContainerdClient,
  signal: AbortSignal,
): Promise<ContainerdExit> {
  while (!signal.aborted && (await isAlive(identity))) {
    try {
      // No event has this topic: only the end of the connection ends the loop.
      for await (const _ of client.events.subscribe(['topic=="/supervisor/none"'], { signal }));
    } catch {
      // It broke; whether the process did too is looked up above.
      await delay(lookAgainMs)
    }
  }
  return { pid: identity.pid, code: null, signal: null }
}

/** Ours, without what a service manager gave to us alone. */
function environment(): NodeJS.ProcessEnv {
  const own = /^(NOTIFY_SOCKET|WATCHDOG_.*|LISTEN_(PID|FDS|FDNAMES)|NODE_.*)$/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)))
}

import { mkdir } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'
import { connectContainerd } from '../containerd-client.js'
import type { Logger } from '../logger.js'
import { ContainerdHome } from './containerd-home.js'
import { type ContainerdPaths, containerdPaths } from './containerd-paths.js'
import { HomeLock } from './home-lock.js'
import { LogFile } from './log-file.js'
import { SupervisedContainerd, type SupervisorEvents } from './supervised-containerd.js'

/** Options of {@link superviseContainerd}. */
export interface SuperviseOptions extends SupervisorEvents {
  /** An absolute directory; containerd's own things go to `<home>/containerd`. */
  readonly home: string
  /** `containerd` on the PATH by default. */
  readonly binary?: string | undefined
  /** The path of the socket: `<home>/containerd/containerd.sock` by default, or one in /run when that is too long. */
  readonly address?: string | undefined
  /** TOML tables to put behind the configuration. */
  readonly config?: string | undefined
  /** containerd's own log: `info` by default. */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | undefined
  /** At this size containerd's log is copied to `containerd.log.1` and cut: 4 MiB by default. */
  readonly maxLogBytes?: number | undefined
  /** How long it may take to come up: 30 s by default. */
  readonly startTimeoutMs?: number | undefined
  /** How long it may take to end after SIGTERM before it gets SIGKILL: 10 s by default. */
  readonly stopGraceMs?: number | undefined
  readonly log?: Logger | undefined
}

const op = 'containerd.supervise'

/**
 * Runs a containerd of one's own, or takes over the one of this home that runs. It is a process of its own session, so it
 * and its containers live on when this process dies; when it ends by itself it is started again with a growing pause.
 * The supervision keeps this process alive until `stop` or `release`.
 *
 * @throws PouchError `not-found` when a program is missing, naming Debian's package; `permission-denied` when not root;
 *   `in-use` when another process supervises this home; `unavailable` or `timeout` when containerd does not come up
 */
export async function superviseContainerd(options: SuperviseOptions): Promise<SupervisedContainerd> {
  const paths = containerdPaths(options.home, options.address)
  if (process.getuid?.() !== 0) {
    const message = 'containerd needs root: run this program as root, or use a containerd that runs already'
    throw new PouchError('permission-denied', message, { op, subject: options.home })
  }
  // Containers with user ids of their own pass through it on the way to their files.
  await mkdir(paths.folder, { recursive: true, mode: 0o711 })
  const lock = await HomeLock.acquire(paths.lock, options.home)
  const home = makeHome(options, paths, lock)
  try {
    return await supervise(home, options)
  } catch (error) {
    await home.release()
    throw PouchError.from(error, { op, subject: options.home, message: 'could not supervise a containerd' })
  }
}

async function supervise(home: ContainerdHome, options: SuperviseOptions): Promise<SupervisedContainerd> {
  await home.open()
  const adopted = await home.adopt()
  const running = adopted ?? (await home.start())
  const stopGraceMs = options.stopGraceMs ?? 10_000
  const { onExit, onRestart, log } = options
  const settings = { onExit, onRestart, log, stopGraceMs }
  return new SupervisedContainerd(home, { process: running, adopted: adopted !== undefined }, settings)
}

function makeHome(options: SuperviseOptions, paths: ContainerdPaths, lock: HomeLock): ContainerdHome {
  return new ContainerdHome({
    paths,
    lock,
    binary: options.binary ?? 'containerd',
    extraConfig: options.config ?? '',
    logLevel: options.logLevel ?? 'info',
    startTimeoutMs: options.startTimeoutMs ?? 30_000,
    stopGraceMs: options.stopGraceMs ?? 10_000,
    client: connectContainerd({ address: paths.address, log: options.log }),
    logFile: new LogFile(paths.log, options.maxLogBytes ?? 4 * 1024 * 1024, options.log),
    log: options.log,
  })
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

/** A process in a {@link PrivateHost}. */
export interface InsideProcess {
  /** Its id as this host sees it. */
  readonly pid: number
  readonly isRunning: boolean
  /** Sends a signal, and resolves with the exit code once it has ended. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** `/run` and shared memory are empty, what is written below `/etc` stays inside, and then it buries the dead until its input ends. */
const firstProcess = [
  'mount -t tmpfs -o mode=755 pouch-test /run',
  'mount -t tmpfs pouch-test /dev/shm',
  'mkdir /run/.etc /run/.work',
  'mount -t overlay -o lowerdir=/etc,upperdir=/run/.etc,workdir=/run/.work pouch-test /etc',
  'echo ready',
  'exec /usr/bin/tini-static -- cat',
].join(' && ')

/**
 * A place with mounts, a network, processes and `/run` and `/etc` of its own, on this machine's files: what runs in it cannot meet what runs
 * beside it, and when it goes, every process and mount in it goes too, also when the test process is killed.
 */
export class PrivateHost {
  readonly #keeper: ChildProcess
  readonly #init: number
  readonly #log: string

  private constructor(keeper: ChildProcess, init: number, log: string) {
    this.#keeper = keeper
    this.#init = init
    this.#log = log
  }

  /** @param folder where the output of its processes is kept */
  static async start(folder: string): Promise<PrivateHost> {
    const unshare = ['--mount', '--net', '--pid', '--fork', '--mount-proc', '--propagation', 'private', '--kill-child']
    const keeper = spawn('unshare', [...unshare, 'sh', '-c', firstProcess], { stdio: ['pipe', 'pipe', 'inherit'] })
    const [output] = (await Promise.race([once(keeper.stdout, 'data'), once(keeper, 'exit')])) as [unknown]
    if (String(output) !== 'ready\n') throw new Error('no private host could be made: these tests need root')
    const init = childOf(keeper.pid ?? -1)
    if (init === undefined) throw new Error('the first process of the private host is gone')
    return new PrivateHost(keeper, init, join(folder, 'private-host.log'))
  }

  /** Starts a program inside. Its output goes to `log`. */
  async start([file = '', ...args]: readonly string[], log: string = this.#log): Promise<InsideProcess> {
    const out = openSync(log, 'a')
    const words = ['--target', String(this.#init), '--mount', '--net', '--pid', '--', file, ...args]
    const entering = spawn('nsenter', words, { stdio: ['ignore', out, out] })
    const ended = once(entering, 'exit').then(([code]: unknown[]) => code as number | null)
    const isRunning = () => entering.exitCode === null && entering.signalCode === null
    while (isRunning() && childOf(entering.pid ?? -1) === undefined) await new Promise(setImmediate)
    const pid = childOf(entering.pid ?? -1) ?? -1
    return {
      pid,
      get isRunning() {
        return isRunning()
      },
      end: async (signal) => {
        if (isRunning()) process.kill(pid, signal)
        return await ended
      },
    }
  }

  /** Runs a program inside to its end. @returns its output @throws Error when it does not end with 0 */
  async output(...[file = '', ...args]: readonly string[]): Promise<string> {
    const words = ['--target', String(this.#init), '--mount', '--net', '--pid', '--', file, ...args]
    const entering = spawn('nsenter', words, { stdio: ['ignore', 'pipe', 'pipe'] })
    const parts: Buffer[] = []
    const complaints: Buffer[] = []
    entering.stdout.on('data', (part: Buffer) => parts.push(part))
    entering.stderr.on('data', (part: Buffer) => complaints.push(part))
    const [code] = (await once(entering, 'close')) as [number | null]
    if (code === 0) return Buffer.concat(parts).toString()
    throw new Error(`${file} ${args.join(' ')}: ${code}: ${Buffer.concat(complaints).toString()}`)
  }

  /** What is mounted inside. */
  get mounts(): readonly string[] {
    const lines = readFileSync(`/proc/${this.#init}/mountinfo`, 'utf8').split('\n')
    return lines.map((line) => line.split(' ')[4] ?? '').filter((target) => target !== '')
  }

  /** Ends every process inside, and with the last of them the mounts and the network are gone. */
  async remove(): Promise<void> {
    if (this.#keeper.exitCode !== null || this.#keeper.signalCode !== null) return
    const ended = once(this.#keeper, 'exit')
    this.#keeper.stdin?.end()
    this.#keeper.kill('SIGKILL')
    await ended
    while (isAlive(this.#init)) await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Removes the cgroups that containers below this parent left. */
export function removeCgroups(parent: string): void {
  const controllers = readdirSync('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name))
  for (const top of ['/sys/fs/cgroup', ...controllers]) removeTree(join(top, parent))
}

function removeTree(directory: string): void {
  for (const name of directoriesIn(directory) ?? []) removeTree(join(directory, name))
  if (directoriesIn(directory) !== undefined) rmdirSync(directory)
}

function directoriesIn(directory: string): string[] | undefined {
  try {
    const entries = readdirSync(directory, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

function childOf(pid: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return child === undefined || child === '' ? undefined : Number(child)
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

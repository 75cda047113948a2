import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { makeBusyboxImage } from '../scripts/demo/busybox-image.mjs'
import { sweep } from '../scripts/demo/sweep.mjs'
import { staticBusybox } from '../scripts/setup/debian.mjs'

export const repository = join(import.meta.dirname, '..')

/** The answer of one HTTP request. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  /** The body as JSON; throws when it is not. */
  json<T = Record<string, unknown>>(): T
}

/** What `node --import` loads before pouchd, and what is told to it; there is a channel to it then. */
export interface Preload {
  readonly module: string
  readonly env: Readonly<Record<string, string>>
}

/** `pouchd` as a program, from dist, on a home, a socket and a containerd of its own. */
export class RunningPouchd {
  readonly folder: string
  readonly home: string
  readonly socket: string
  readonly #args: readonly string[]
  readonly #preload: Preload | undefined
  #child: ChildProcess | undefined

  private constructor(folder: string, home: string, args: readonly string[], preload: Preload | undefined) {
    this.folder = folder
    this.#preload = preload
    this.home = home
    this.socket = join(folder, 'pouchd.sock')
    this.#args = args
  }

  /** @param options `home` elsewhere than in the test's own folder; more `args`; a module that is loaded before it */
  static async start(
    options: { home?: string; args?: readonly string[]; preload?: Preload } = {},
  ): Promise<RunningPouchd> {
    const folder = mkdtempSync(join(tmpdir(), 'pouch-test-'))
    const home = options.home ?? join(folder, 'home')
    const daemon = new RunningPouchd(folder, home, options.args ?? [], options.preload)
    try {
      await daemon.start()
    } catch (error) {
      await daemon.remove()
      throw error
    }
    return daemon
  }

  /** For DOCKER_HOST, POUCH_HOST and `-H`. */
  get address(): string {
    return `unix://${this.socket}`
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  /** Tells something to the module that was loaded before it. @returns what that answers */
  async ask(message: object): Promise<unknown> {
    const child = this.#child
    if (child === undefined) throw new Error('pouchd was not started')
    const answered = once(child, 'message')
    child.send(message)
    const [answer] = (await answered) as [unknown]
    return answer
  }

  /** Waits until it has ended by itself. */
  async ended(): Promise<void> {
    if (this.isRunning && this.#child !== undefined) await once(this.#child, 'exit')
  }

  get log(): string {
    return readFileSync(join(this.folder, 'pouchd.log'), 'utf8')
  }

  /**
   * Starts it, again after {@link kill} or {@link stop}.
   *
   * @param env for this start alone
   * @returns the milliseconds until it answered; rejects when it ends before
   */
  async start(env: Readonly<Record<string, string>> = {}): Promise<number> {
    const out = openSync(join(this.folder, 'pouchd.log'), 'a')
    const program = join(repository, 'packages/daemon/bin/pouchd.js')
    const before = this.#preload === undefined ? [] : ['--import', this.#preload.module]
    const args = [...before, program, '--home-dir', this.home, '--listen', this.address, ...this.#args]
    const began = performance.now()
    const child = spawn(process.execPath, args, {
      stdio: this.#preload === undefined ? ['ignore', out, out] : ['ignore', out, out, 'ipc'],
      env: { ...process.env, ...this.#preload?.env, ...env },
      detached: true,
    })
    this.#child = child
    while (!(await this.answers())) {
      if (!this.isRunning)
        throw new Error(`pouchd ended with ${child.signalCode ?? `code ${child.exitCode}`}:\n${this.log.slice(-4000)}`)
      if (performance.now() - began > 40_000) throw new Error(`pouchd does not answer:\n${this.log.slice(-4000)}`)
      await delay(10)
    }
    return performance.now() - began
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM. @returns the exit code */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  /** Ends what still runs from the folder, unmounts what is mounted below it, and deletes it. */
  async remove(): Promise<void> {
    if (this.isRunning) await this.stop()
    await sweep(this.folder)
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** One request with a JSON body, outside of any client library. */
  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const type =
      payload === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(payload)}` }
    const outgoing = request({
      socketPath: this.socket,
      method,
      path,
      headers: { host: 'docker', ...type, ...headers },
      agent: false,
    })
    outgoing.end(payload)
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    return { status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: <T>() => JSON.parse(text) as T }
  }

  /** Loads the busybox image that {@link busyboxArchive} made. */
  async loadBusybox(): Promise<void> {
    const archive = readFileSync(await busyboxArchive())
    const outgoing = request({
      socketPath: this.socket,
      method: 'POST',
      path: '/v1.43/images/load?quiet=1',
      headers: { host: 'docker', 'content-type': 'application/x-tar', 'content-length': `${archive.length}` },
      agent: false,
    })
    outgoing.end(archive)
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    if (incoming.statusCode !== 200 || text.includes('"error"')) throw new Error(`load: ${incoming.statusCode} ${text}`)
  }

  private async answers(): Promise<boolean> {
    const socket = connect(this.socket)
    return new Promise((resolve) => {
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (child === undefined || !this.isRunning) return child?.exitCode ?? null
    const ended = once(child, 'exit')
    child.kill(signal)
    const deadline = setTimeout(() => child.kill('SIGKILL'), 30_000)
    const [code] = (await ended) as [number | null]
    clearTimeout(deadline)
    return code
  }
}

/** The path of a docker-archive with `busybox:latest`, made once a clone of this host's static busybox. */
export async function busyboxArchive(): Promise<string> {
  const folder = join(repository, '.cache/tests/busybox')
  const archive = join(folder, 'busybox.tar')
  if (existsSync(archive)) return archive
  const busybox = staticBusybox()
  if (busybox === undefined) throw new Error("these tests need Debian's busybox-static")
  const work = `${folder}.${process.pid}`
  mkdirSync(work, { recursive: true })
  await makeBusyboxImage({ folder: work, busybox, reference: 'busybox:latest' })
  rmSync(folder, { recursive: true, force: true })
  renameSync(work, folder)
  return archive
}

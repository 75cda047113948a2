import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogRotation } from '../config/log-options.js'
import { BacklogThrottle } from '../logs/backlog-throttle.js'
import { JsonLog } from '../logs/json-log.js'
import type { StreamName } from '../logs/log-codec.js'
import { LogPositionFile } from '../logs/log-position.js'
import { LogWriter } from '../logs/log-writer.js'
import { NoLog } from '../logs/no-log.js'
import type { Logger } from '../sources.js'
import { FifoReader, FifoWriter } from './fifo.js'
import { RawOutput } from './raw-output.js'
import { StdinPipe } from './stdin-pipe.js'
import { TerminalPump } from './terminal-pump.js'

/** What the streams of a run are made of. */
export interface RunStreamsOptions {
  readonly id: string
  /** The container's directory. */
  readonly directory: string
  readonly tty: boolean
  readonly openStdin: boolean
  /** `undefined` for no log. */
  readonly rotation: LogRotation | undefined
  readonly logPath: string
  readonly backlogBytes: number
  readonly readerBacklogBytes: number
  readonly clock: () => number
  readonly log: Logger
  readonly freeze: () => Promise<void>
  readonly thaw: () => Promise<void>
  readonly closeIO: () => Promise<void>
}

/** The paths that a task is created with. */
export interface Stdio {
  readonly stdin?: string
  readonly stdout: string
  readonly stderr?: string
  readonly terminal: boolean
}

/** Everything through which one run of a container speaks and is spoken to: raw files, log, terminal and stdin. */
export class RunStreams {
  readonly output: RawOutput
  readonly jsonLog: JsonLog | undefined
  readonly throttle: BacklogThrottle
  readonly #options: RunStreamsOptions
  readonly #logger: LogWriter | NoLog
  readonly #positions: LogPositionFile | undefined
  #pump: TerminalPump | undefined
  #stdin: StdinPipe | undefined
  #isOver = false

  private constructor(options: RunStreamsOptions) {
    this.#options = options
    const { id, log, directory, clock } = options
    this.throttle = new BacklogThrottle({
      id,
      log,
      limitBytes: options.backlogBytes,
      freeze: options.freeze,
      thaw: options.thaw,
    })
    this.output = new RawOutput({
      id,
      log,
      directory: join(directory, 'io'),
      streams: options.tty ? ['stdout'] : ['stdout', 'stderr'],
      readerBacklogBytes: options.readerBacklogBytes,
    })
    if (options.rotation === undefined) {
      this.#logger = new NoLog(this.output)
      return
    }
    this.#positions = LogPositionFile.open(join(directory, 'log-position'))
    this.jsonLog = new JsonLog(options.logPath, options.rotation)
    this.#logger = new LogWriter({
      output: this.output,
      log: this.jsonLog,
      positions: this.#positions,
      clock,
      logger: log,
      onBacklog: (bytes) => this.#backlog(bytes),
    })
  }

  /** Makes new files and FIFOs for a run that is about to start; what an earlier run left goes. */
  static async create(options: RunStreamsOptions): Promise<RunStreams> {
    const io = join(options.directory, 'io')
    await rm(io, { recursive: true, force: true })
    await rm(join(options.directory, 'log-position'), { force: true })
    await mkdir(io, { mode: 0o700 })
    for (const name of ['stdout', 'stderr']) await writeFile(join(io, name), '', { mode: 0o600 })
    const terminal = options.tty ? await FifoReader.create(join(io, 'terminal')) : undefined
    const stdin = options.openStdin ? await FifoWriter.create(join(io, 'stdin')) : undefined
    return new RunStreams(options).#connect(terminal, stdin)
  }

  /** Takes up the files and FIFOs of a run that an earlier process started. */
  static resume(options: RunStreamsOptions, isRunning: boolean): RunStreams {
    const io = join(options.directory, 'io')
    const terminal = options.tty ? FifoReader.open(join(io, 'terminal')) : undefined
    const stdin = options.openStdin && isRunning ? FifoWriter.open(join(io, 'stdin')) : undefined
    return new RunStreams(options).#connect(terminal, stdin)
  }

  get stdio(): Stdio {
    const { tty, openStdin, directory } = this.#options
    const path = (name: string) => join(directory, 'io', name)
    const stdin = openStdin ? { stdin: path('stdin') } : {}
    if (tty) return { ...stdin, stdout: path('terminal'), terminal: true }
    return { ...stdin, stdout: path('stdout'), stderr: path('stderr'), terminal: false }
  }

  get stdin(): StdinPipe | undefined {
    return this.#stdin
  }

  /** The places in the raw files up to which everything is in the log. */
  get logged(): ReadonlyMap<StreamName, number> {
    return this.#logger.offsets
  }

  /** Whether the log may still grow. */
  get isActive(): boolean {
    return !this.#isOver
  }

  /** Resolves when the log has everything that the process wrote, or when the streams are let go of. */
  get drained(): Promise<void> {
    return this.#logger.done
  }

  /** The process is gone and its shim too: resolves when the log has all of its output. */
  async finish(): Promise<void> {
    this.#stdin?.destroy()
    await this.#pump?.finish()
    this.output.complete()
    await this.#logger.done
    this.output.finish()
    this.#release()
  }

  /** Writes no more of the log; live readers are not touched. */
  abandonLog(): void {
    this.#logger.close().catch((error: unknown) => {
      this.#options.log.warn({ err: error, container: this.#options.id }, 'the log could not be closed')
    })
  }

  /** Lets go of everything and leaves it as it is, for another process to take up. */
  async close(): Promise<void> {
    this.#stdin?.destroy()
    await this.#pump?.close()
    await this.#logger.close()
    this.output.close()
    this.#release()
  }

  #connect(terminal: FifoReader | undefined, stdin: FifoWriter | undefined): this {
    const { id, log, directory, closeIO } = this.#options
    const onLost = (error: unknown) => log.warn({ err: error, id }, 'the input of a process could not be ended')
    if (stdin !== undefined) this.#stdin = new StdinPipe(stdin, closeIO, onLost)
    if (terminal !== undefined) {
      const path = join(directory, 'io', 'stdout')
      this.#pump = new TerminalPump({ id, log, path, fifo: terminal, isFull: () => this.throttle.isFull })
    }
    void this.#logger.done
    return this
  }

  #backlog(bytes: number): void {
    this.throttle.backlog(bytes)
    this.#pump?.resume()
  }

  #release(): void {
    this.#isOver = true
    this.#positions?.close()
    this.jsonLog?.close()
  }
}

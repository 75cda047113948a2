import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import type { AttachedStreams, Exec, ExecConfig, OutputChunk } from './container.js'
import type { Logger } from './sources.js'
import { DetachFilter, parseDetachKeys } from './streams/detach-keys.js'
import { type ExecOutput, mergeOutput } from './streams/exec-output.js'
import { FifoReader, FifoWriter } from './streams/fifo.js'
import { StdinPipe, stdinStream } from './streams/stdin-pipe.js'

/** How an exec speaks: FIFOs, which end with this process. */
export interface ExecStdio {
  readonly stdin?: string
  readonly stdout?: string
  readonly stderr?: string
}

/** One exec: its configuration, its state, and while it runs its streams. Kept in memory alone. */
export class ExecSession {
  readonly id: string
  readonly containerId: string
  readonly config: ExecConfig
  /** The state of its life; it is started once. */
  status: 'created' | 'starting' | 'running' | 'ended' = 'created'
  pid = 0
  exitCode: number | undefined
  error = ''
  readonly #directory: string
  readonly #readers: FifoReader[] = []
  #output: ExecOutput | undefined
  #stdin: StdinPipe | undefined
  #resolveStarted: (pipe: StdinPipe | undefined) => void = () => {}
  readonly #started: Promise<StdinPipe | undefined>
  #resolveClosed: () => void = () => {}
  readonly #closed: Promise<void>

  constructor(id: string, containerId: string, config: ExecConfig, directory: string) {
    this.id = id
    this.containerId = containerId
    this.config = config
    this.#directory = join(directory, 'exec', id.slice(0, 16))
    this.#started = new Promise((resolve) => {
      this.#resolveStarted = resolve
    })
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
  }

  exec(): Exec {
    return Object.freeze({
      id: this.id,
      containerId: this.containerId,
      config: this.config,
      running: this.status === 'running',
      pid: this.pid,
      exitCode: this.exitCode,
      error: this.error,
    })
  }

  /** Makes the FIFOs that are wanted. */
  async open(tty: boolean, closeIO: () => Promise<void>, log: Logger): Promise<ExecStdio> {
    const { attachStdin, attachStdout, attachStderr } = this.config
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const path = (name: string) => join(this.#directory, name)
    const wantsOut = attachStdout === true || (tty && attachStderr === true)
    const wantsErr = attachStderr === true && !tty
    const onLost = (error: unknown) =>
      log.warn({ err: error, exec: this.id }, 'the input of an exec could not be ended')
    if (attachStdin === true) this.#stdin = new StdinPipe(await FifoWriter.create(path('stdin')), closeIO, onLost)
    const stdout = wantsOut ? await this.#reader(path('stdout')) : undefined
    const stderr = wantsErr ? await this.#reader(path('stderr')) : undefined
    this.#output = mergeOutput([
      ...(stdout === undefined ? [] : [{ stream: 'stdout' as const, socket: stdout.socket }]),
      ...(stderr === undefined ? [] : [{ stream: 'stderr' as const, socket: stderr.socket }]),
    ])
    return {
      ...(attachStdin === true ? { stdin: path('stdin') } : {}),
      ...(wantsOut ? { stdout: path('stdout') } : {}),
      ...(wantsErr ? { stderr: path('stderr') } : {}),
    }
  }

  /** The process has its ends open: the output ends when it closes them, and input goes through. */
  connected(): void {
    for (const reader of this.#readers) reader.release()
    this.#resolveStarted(this.#stdin)
  }

  /** Resolves when all of the output was taken, or nothing more has come for `idleMs` although somebody is ready to take it. */
  async drained(idleMs: number): Promise<void> {
    await this.#output?.drained(idleMs)
  }

  streams(tty: boolean, onDetach: () => void): AttachedStreams {
    const output = this.#output ?? mergeOutput([])
    const stdin = this.config.attachStdin === true ? this.#input(tty, () => detach()) : undefined
    let letGo = (): void => {}
    const isLetGo = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const streams = {
      tty,
      // Who has seen the end of the output asks for the exit code: it is known by then.
      output: outputUntil(output, Promise.race([this.#closed, isLetGo])),
      detached: false,
      close,
      ...(stdin === undefined ? {} : { stdin }),
    }
    function close(): void {
      output.discard()
      stdin?.destroy()
      letGo()
    }
    function detach(): void {
      streams.detached = true
      onDetach()
      setImmediate(close)
    }
    return streams
  }

  /** Ends the streams and removes the FIFOs. */
  async close(): Promise<void> {
    this.#resolveStarted(undefined)
    this.#stdin?.destroy()
    for (const reader of this.#readers) reader.close()
    this.#output?.end()
    this.#resolveClosed()
    await rm(this.#directory, { recursive: true, force: true })
  }

  /** The container has ended, and every process in it. */
  containerEnded(): void {
    for (const reader of this.#readers) reader.release()
  }

  async #reader(path: string): Promise<FifoReader> {
    const reader = await FifoReader.create(path)
    this.#readers.push(reader)
    return reader
  }

  #input(tty: boolean, onDetach: () => void): Writable {
    const keys = this.config.detachKeys || 'ctrl-p,ctrl-q'
    const filter = tty ? new DetachFilter(parseDetachKeys(keys)) : undefined
    const detached = (): undefined => {
      onDetach()
      return undefined
    }
    const input = stdinStream({
      pipe: this.#started,
      endsProcessInput: !tty,
      ...(filter === undefined ? {} : { filter: (bytes: Buffer) => filter.filter(bytes) ?? detached() }),
    })
    // What fails is told to whoever writes; without a listener it would end the program.
    input.on('error', () => undefined)
    return input
  }
}

async function* outputUntil(output: AsyncIterable<OutputChunk>, over: Promise<void>): AsyncGenerator<OutputChunk> {
  yield* output
  await over
}

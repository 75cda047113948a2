import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'

/** What one command line did. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** How a command line is run. */
export interface CommandOptions {
  /** What it reads: text, or a file's path. Nothing unless given. */
  readonly stdin?: string | { readonly file: string }
  readonly timeoutMs?: number
}

/** A command line that runs. */
export interface RunningCommand {
  readonly pid: number
  readonly stdin: NodeJS.WritableStream
  readonly stdout: Readable
  readonly ended: Promise<Outcome>
  kill(signal: NodeJS.Signals): void
}

/** A program, as a process: each call runs it with some words. */
export class CommandLine {
  readonly #program: readonly string[]
  readonly #env: NodeJS.ProcessEnv

  /**
   * @param program the words before every other: an interpreter and a script, or a path
   * @param env added to this process's own
   */
  constructor(program: readonly string[], env: NodeJS.ProcessEnv) {
    this.#program = program
    this.#env = { ...process.env, ...env }
  }

  /** Runs it to its end. */
  async run(words: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
    const command = this.start([...this.#program, ...words], options.timeoutMs)
    const { stdin } = options
    if (typeof stdin === 'object') createReadStream(stdin.file).pipe(command.stdin)
    else command.stdin.end(stdin ?? '')
    return command.ended
  }

  /** Runs it, and gives its output. @throws Error when it does not end with 0 */
  async output(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(words)
    if (code !== 0) throw new Error(`${words.join(' ')}: ${code}: ${stderr}`)
    return stdout.toString()
  }

  /** Starts it, with its input open. */
  begin(...words: readonly string[]): RunningCommand {
    return this.start([...this.#program, ...words])
  }

  /** Starts it on a terminal of 77 by 33 characters. What is written to its input is typed. */
  onTerminal(...words: readonly string[]): RunningCommand {
    const line = [...this.#program, ...words].map(quoted).join(' ')
    return this.start(['script', '-qec', `stty rows 33 cols 77; exec ${line}`, '/dev/null'])
  }

  private start([file = '', ...args]: readonly string[], timeoutMs = 30_000): RunningCommand {
    const child = spawn(file, args, { env: this.#env, stdio: 'pipe' })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (part: Buffer) => stdout.push(part))
    child.stderr.on('data', (part: Buffer) => stderr.push(part))
    // It may end before it has read all: then its exit code is what counts.
    child.stdin.on('error', () => undefined)
    const deadline = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    const ended = once(child, 'close').then(([code, signal]: unknown[]): Outcome => {
      clearTimeout(deadline)
      const text = Buffer.concat(stderr).toString()
      return {
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
        stdout: Buffer.concat(stdout),
        stderr: text,
      }
    })
    return {
      pid: child.pid ?? -1,
      stdin: child.stdin,
      stdout: child.stdout,
      ended,
      kill: (signal) => void child.kill(signal),
    }
  }
}

/** Resolves once a stream has shown a text. */
export async function shows(stream: Readable, text: string): Promise<void> {
  let seen = ''
  return new Promise((resolve, reject) => {
    stream.on('data', (part: Buffer) => {
      seen += part.toString()
      if (seen.includes(text)) resolve()
    })
    stream.once('close', () => reject(new Error(`it ended without '${text}': ${seen}`)))
  })
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

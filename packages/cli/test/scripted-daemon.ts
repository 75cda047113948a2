import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { main } from '../src/index.js'

/** A reply: a status and what is sent as JSON, or as it is when it is text or bytes. */
export type Reply = readonly [status: number, body?: unknown]

/** How `pouch` is run. */
export interface PouchRun {
  readonly stdin?: string
  readonly env?: Record<string, string>
  /** Which of its outputs look like terminals. */
  readonly terminals?: readonly ('stdout' | 'stderr')[]
}

/** What one command line did. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A real HTTP server with fixed replies, and the CLI run against it in this process. */
export class ScriptedDaemon {
  readonly requests: { readonly line: string; readonly body: unknown }[] = []
  replies: Record<string, Reply> = {}
  /** What is never answered. */
  silent: readonly string[] = []
  /** What is answered only once another request, its value, has come too. */
  heldUntil: Readonly<Record<string, string>> = {}
  readonly folder: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #held = new Map<string, () => void>()

  private constructor(folder: string) {
    this.folder = folder
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        const path = decodeURIComponent((request.url ?? '').replace(/^\/v[\d.]+/, ''))
        const line = `${request.method} ${path}`
        const text = Buffer.concat(parts).toString()
        if (path !== '/_ping') this.requests.push({ line, body: text.startsWith('{') ? JSON.parse(text) : text })
        if (this.silent.includes(line)) return
        this.#held.get(line)?.()
        const other = this.heldUntil[line]
        if (other === undefined || this.requests.some((each) => each.line === other)) this.#answer(line, path, response)
        else this.#held.set(other, () => this.#answer(line, path, response))
      })
    })
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  #answer(line: string, path: string, response: ServerResponse): void {
    const [status, body] =
      this.replies[line] ??
      this.replies[line.split('?')[0] ?? ''] ??
      (path === '/_ping' ? [200] : [404, { message: `no reply for ${line}` }])
    response.writeHead(status, { 'api-version': '1.43' })
    response.end(
      body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    )
  }

  static async start(): Promise<ScriptedDaemon> {
    const daemon = new ScriptedDaemon(await mkdtemp(join(tmpdir(), 'pouch-cli-')))
    await new Promise<void>((resolve) => daemon.#server.listen(daemon.address.slice('unix://'.length), resolve))
    return daemon
  }

  get address(): string {
    return `unix://${join(this.folder, 'd.sock')}`
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Runs `pouch` with these words; POUCH_HOST leads here. */
  async pouch(words: readonly string[], options: PouchRun = {}): Promise<Outcome> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    for (const [stream, name] of [[stdout, 'stdout'] as const, [stderr, 'stderr'] as const]) {
      if (options.terminals?.includes(name) === true) Object.assign(stream, { isTTY: true, columns: 120 })
    }
    const [out, err] = [collected(stdout), collected(stderr)]
    const stdin = Readable.from([Buffer.from(options.stdin ?? '')])
    const env = { POUCH_HOST: this.address, ...options.env }
    const code = await main(['node', 'pouch', ...words], { stdin, stdout, stderr, env, cwd: this.folder })
    stdout.end()
    stderr.end()
    return { code, stdout: await out, stderr: await err }
  }
}

async function collected(stream: Readable): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString()
}

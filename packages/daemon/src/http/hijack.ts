import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { apiVersion, assertVersion, compareVersions } from '@pouch/api'
import type { AttachedStreams } from '@pouch/container-manager'
import type { Engine } from '@pouch/engine'
import { PouchError } from '@pouch/errors'
import type { Logger } from '@pouch/volume-core/driver'
import { hijackAttach } from '../docker/attach.js'
import { hijackExec } from '../docker/exec-start.js'
import { commonHeaders } from './app.js'
import { logFailure } from './failure-log.js'
import { HijackedSocket } from './hijacked-socket.js'
import { Query } from './query.js'
import { errorBody, statusOf } from './status-error.js'
import { targetOf } from './target.js'

/** What hijacked requests are served with. */
export interface HijackOptions {
  readonly engine: Engine
  readonly log: Logger
  /** Fires when the daemon goes down: streams end. */
  readonly shutdown: AbortSignal
}

/** A hijacked request on its way through its handler. */
export interface HijackCall {
  readonly engine: Engine
  readonly log: Logger
  /** The container or exec of the path. */
  readonly id: string
  readonly query: Query
  readonly socket: HijackedSocket
  readonly request: IncomingMessage
  /** Whether the client knows the content type of multiplexed streams. */
  readonly multiplexed: boolean
  readonly shutdown: AbortSignal
}

/** Makes the handler of connections that attach and exec start take over. These requests never reach the router. */
export function createHijackHandler(options: HijackOptions) {
  return (request: IncomingMessage, socket: Duplex, head: Uint8Array): void => {
    const hijacked = new HijackedSocket(request, socket, head)
    const kind = targetOf(request).hijack ?? 'attach'
    serve(options, kind, request, hijacked).catch((error: unknown) => {
      refuse(hijacked, kind, PouchError.from(error, { op: `http.${kind}` }), options.log)
    })
  }
}

async function serve(
  options: HijackOptions,
  kind: 'attach' | 'exec',
  request: IncomingMessage,
  socket: HijackedSocket,
): Promise<void> {
  const target = targetOf(request)
  const version = target.version ?? apiVersion
  assertVersion(version)
  const url = new URL(target.path, 'http://localhost')
  const call: HijackCall = {
    ...options,
    id: decode(url.pathname.split('/')[2] ?? ''),
    query: new Query(
      Object.fromEntries([...url.searchParams.keys()].map((key) => [key, url.searchParams.getAll(key)])),
    ),
    socket,
    request,
    multiplexed: compareVersions(version, '1.42') >= 0,
  }
  options.log.debug({ method: request.method, path: url.pathname }, 'hijack')
  await (kind === 'attach' ? hijackAttach(call) : hijackExec(call))
}

/** Carries a process's streams over an accepted connection until its output or the connection ends. */
export async function carryStreams(call: HijackCall, streams: AttachedStreams): Promise<void> {
  const { socket } = call
  const stop = AbortSignal.any([socket.signal, call.shutdown])
  const close = () => streams.close()
  stop.addEventListener('abort', close, { once: true })
  if (stop.aborted) close()
  if (streams.stdin === undefined) socket.ignoreInput()
  else socket.feed(streams.stdin)
  try {
    for await (const { stream, data } of streams.output) await socket.send(streams.tty ? undefined : stream, data)
  } catch (error) {
    const failure = PouchError.from(error, { op: 'stream' })
    call.log.warn({ err: failure, id: call.id }, 'a stream broke off')
    if (!streams.tty) await socket.send('error', Buffer.from(`${failure.message}\n`))
  } finally {
    stop.removeEventListener('abort', close)
    close()
    socket.end()
  }
}

// Docker answers a failed attach in plain text, and a failed exec in JSON.
function refuse(socket: HijackedSocket, kind: 'attach' | 'exec', error: PouchError, log: Logger): void {
  const status = statusOf(error)
  logFailure(log, error, status)
  if (kind === 'attach') socket.reply(status, 'application/vnd.docker.raw-stream', `${error.message}\r\n`)
  else socket.reply(status, 'application/json', errorBody(error), commonHeaders)
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (error) {
    throw new PouchError('invalid-argument', 'the path is not URL-encoded text', { op: 'http.request', cause: error })
  }
}

import { Readable } from 'node:stream'
import type { ExecStartBody } from '@pouch/api'
import { ExecStartBodySchema } from '@pouch/api/schemas'
import type { AttachedStreams } from '@pouch/container-manager'
import { PouchError } from '@pouch/errors'
import { commonHeaders } from '../http/app.js'
import { carryStreams, type HijackCall } from '../http/hijack.js'
import { readJsonBody } from '../http/json-body.js'
import { type LaxSchema, readLax } from '../http/lax-json.js'
import { findExec } from './find-container.js'

/** POST /exec/{id}/start. With `Detach` the reply is an ordinary one; else a failure to start is told in the stream. */
export async function hijackExec(call: HijackCall): Promise<void> {
  const { engine, socket } = call
  const json = await readJsonBody(Readable.from(socket.body()), call.request.headers)
  const body = readLax(ExecStartBodySchema as LaxSchema, json ?? {}) as ExecStartBody
  const exec = findExec(engine, call.id)
  const consoleSize = sizeOf(body.ConsoleSize)
  if (body.Detach === true) {
    await engine.containers.execs.start(exec.id, { detach: true, ...consoleSize })
    socket.reply(200, undefined, '', commonHeaders)
    return
  }
  const tty = body.Tty === true
  const started = await engine.containers.execs
    .start(exec.id, { tty, ...consoleSize, signal: socket.signal })
    .catch((error: unknown) => error)
  socket.accept({ framed: !tty, multiplexed: call.multiplexed, headers: commonHeaders })
  if (isStreams(started)) {
    await carryStreams(call, started)
    return
  }
  const failure = PouchError.from(started, { op: 'exec.start', subject: exec.id })
  await socket.send(tty ? undefined : 'stdout', Buffer.from(`${failure.message}\r\n`))
  socket.end()
}

function isStreams(value: unknown): value is AttachedStreams {
  return typeof value === 'object' && value !== null && 'output' in value
}

function sizeOf(size: readonly number[] | undefined): { consoleSize?: { height: number; width: number } } {
  const [height, width] = size ?? []
  return height === undefined || width === undefined || height === 0 || width === 0
    ? {}
    : { consoleSize: { height, width } }
}

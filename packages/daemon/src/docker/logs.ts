import { compareVersions, encodeFrame, streamTypes } from '@pouch/api'
import type { LogEntry } from '@pouch/container-manager'
import type { Engine } from '@pouch/engine'
import { hasCode, PouchError } from '@pouch/errors'
import type { Logger } from '@pouch/volume-core'
import { type RouteCall, sent } from '../http/route.js'
import { StreamReply } from '../http/stream-reply.js'
import { findContainer } from './find-container.js'
import { FrameBatch } from './frame-batch.js'

/** GET /containers/{id}/logs: a frame a line, or plain bytes when the container has a terminal. */
export async function sendLogs(
  engine: Engine,
  { params, query, version, signal, response }: RouteCall,
  log: Logger,
): Promise<typeof sent> {
  const container = findContainer(engine, params.id ?? '')
  const [stdout, stderr] = [query.bool('stdout'), query.bool('stderr')]
  if (!stdout && !stderr) {
    throw new PouchError('invalid-argument', 'Bad parameters: you must choose at least one stream', {
      op: 'container.logs',
    })
  }
  const { tty, logConfig } = container.config
  if (logConfig.type === 'none') {
    throw new PouchError('unsupported', 'configured logging driver does not support reading', { op: 'container.logs' })
  }
  const entries = engine.containers.logs(container.id, {
    stdout,
    stderr,
    since: secondsOf(query.timestamp('since')),
    until: secondsOf(query.timestamp('until')),
    tail: query.tail('tail'),
    follow: query.bool('follow'),
    signal,
  })
  const prefix = { timestamps: query.bool('timestamps'), details: query.bool('details') }
  const framed = !tty && compareVersions(version, '1.42') >= 0
  const reply = new StreamReply(response, framed ? streamTypes.multiplexed : streamTypes.raw)
  const batch = new FrameBatch(reply)
  try {
    for await (const entry of entries) {
      const line = lineOf(entry, prefix)
      await batch.add(tty ? line : encodeFrame(entry.stream, line))
    }
    await batch.flush()
    reply.end()
  } catch (error) {
    await batch.flush()
    if (hasCode(error, 'aborted') || signal.aborted) {
      reply.end()
      return sent
    }
    const failure = PouchError.from(error, { op: 'container.logs', subject: container.id })
    log.error({ err: failure, container: container.id }, 'reading a log failed')
    const text = Buffer.from(`Error grabbing logs: ${failure.message}\n`)
    await reply.write(tty ? text : encodeFrame('error', text))
    reply.end()
  }
  return sent
}

function lineOf(
  { time, line }: LogEntry,
  { timestamps, details }: { timestamps: boolean; details: boolean },
): Uint8Array {
  if (!timestamps && !details) return line
  return Buffer.concat([Buffer.from(`${timestamps ? `${time} ` : ''}${details ? ' ' : ''}`), line])
}

// As the container manager reads it: seconds with nine decimals.
function secondsOf(ns: bigint | undefined): string | undefined {
  if (ns === undefined) return undefined
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`
}

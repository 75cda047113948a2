import { carryStreams, type HijackCall } from '../http/hijack.js'
import { StatusError } from '../http/status-error.js'
import { findContainer } from './find-container.js'

/** POST /containers/{id}/attach. It answers at once, also for a container that has not been started. */
export async function hijackAttach(call: HijackCall): Promise<void> {
  const { engine, query, socket } = call
  const container = findContainer(engine, call.id)
  if (container.state.status === 'paused') {
    throw new StatusError(409, 'conflict', `container ${call.id} is paused, unpause the container before attach`, {
      subject: call.id,
    })
  }
  const stream = query.bool('stream')
  const streams = await engine.containers.attach(container.id, {
    stream,
    logs: query.bool('logs'),
    stdin: stream && query.bool('stdin'),
    stdout: query.bool('stdout'),
    stderr: query.bool('stderr'),
    detachKeys: query.text('detachKeys'),
    signal: socket.signal,
  })
  socket.accept({ framed: !streams.tty, multiplexed: call.multiplexed })
  await carryStreams(call, streams)
}

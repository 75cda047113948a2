import type { ContainerWaitResponse } from '@pouch/api'
import type { AttachedStreams } from '@pouch/client'
import { hasCode, isPouchError } from '@pouch/errors'
import type { ChosenStreams } from './chosen-streams.js'
import { exitCodes, reportFailure } from './failure.js'
import { write } from './io.js'
import type { Session } from './session.js'
import { connectStreams } from './terminal/connect.js'
import { proxySignals } from './terminal/signal-proxy.js'

/** A container that is to be started, and how we are connected to it. */
export interface AttachedStart {
  readonly id: string
  readonly streams: ChosenStreams
  readonly tty: boolean
  readonly autoRemove: boolean
  readonly detachKeys?: string | undefined
  readonly sigProxy: boolean
}

const failedExitWaitMs = 10_000

/**
 * Starts a container with our streams connected: attach, then wait, then start, so that neither output nor the end is
 * missed however short the process lives.
 *
 * @returns the exit code of the process; 0 when the detach keys were typed
 */
export async function startAttached(session: Session, start: AttachedStart): Promise<number> {
  const { client, io } = session
  const { id, streams: chosen, tty, detachKeys } = start
  const streams = await client.containers.attach(id, {
    ...chosen,
    tty,
    ...(detachKeys === undefined ? {} : { detachKeys }),
  })
  const { exit } = await client.containers.beginWait(id, start.autoRemove ? 'removed' : 'next-exit')
  const unproxy = proxyTo(session, start)
  try {
    try {
      await client.containers.start(id)
    } catch (error) {
      await reportFailure(error, io)
      return await failedStartCode(session, id, error, exit)
    }
    return await followProcess(session, streams, { ...start, exit })
  } finally {
    unproxy()
    streams.close()
  }
}

/** Connects to a process that runs, and returns its exit code once it has ended. */
export async function followProcess(
  { client, io }: Session,
  streams: AttachedStreams,
  {
    id,
    streams: chosen,
    detachKeys,
    exit,
  }: Omit<AttachedStart, 'autoRemove' | 'tty'> & { readonly exit: Promise<ContainerWaitResponse> },
): Promise<number> {
  const resize = (size: { readonly width: number; readonly height: number }) => client.containers.resize(id, size)
  const outcome = await connectStreams(streams, io, { stdin: chosen.stdin, detachKeys, resize })
  if (outcome === 'detached') {
    await write(io.stderr, 'read escape sequence\n')
    return 0
  }
  const { StatusCode, Error: failure } = await exit
  if (failure?.Message !== undefined && failure.Message !== '') {
    await write(io.stderr, `pouch: ${failure.Message}\n`)
    return exitCodes.daemonFailed
  }
  return StatusCode
}

/** Passes signals on to a container when that is asked for. */
export function proxyTo({ client, io }: Session, { id, sigProxy }: Pick<AttachedStart, 'id' | 'sigProxy'>): () => void {
  if (!sigProxy) return () => undefined
  return proxySignals(
    (signal) => client.containers.kill(id, signal.replace(/^SIG/, '')),
    (error) => void reportFailure(error, io),
  )
}

/**
 * The exit code of a container that did not start: 126 when its command cannot be run, 127 when there is none, 125 for
 * everything else. The daemon keeps it in the error's details or in the container's state; with `--rm` the container may be
 * gone already, and the wait has it.
 */
export async function failedStartCode(
  { client }: Session,
  id: string,
  error: unknown,
  exit: Promise<ContainerWaitResponse> | undefined,
): Promise<number> {
  const told = isPouchError(error) ? error.details.exitCode : undefined
  if (typeof told === 'number') return commandCode(told)
  try {
    return commandCode((await client.containers.inspect(id)).State.ExitCode)
  } catch (thrown) {
    if (!hasCode(thrown, 'not-found') || exit === undefined) return exitCodes.daemonFailed
  }
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, failedExitWaitMs, undefined).unref())
  const ended = await Promise.race([exit, late])
  return commandCode(ended?.StatusCode ?? exitCodes.daemonFailed)
}

function commandCode(code: number): number {
  return code === exitCodes.cannotRun || code === exitCodes.notFound ? code : exitCodes.daemonFailed
}

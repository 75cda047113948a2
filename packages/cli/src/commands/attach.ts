import { PouchError } from '@pouch/errors'
import type { Session } from '../session.js'
import { followProcess, proxyTo } from '../start-attached.js'

/** The flags of `pouch attach`. */
export interface AttachFlags {
  readonly stdin?: boolean
  readonly detachKeys?: string
  readonly sigProxy?: boolean
}

/** `pouch attach`: connects to a container that runs, until it ends or the detach keys are typed. */
export async function attach(session: Session, name: string, flags: AttachFlags): Promise<number> {
  const { client } = session
  const { Id: id, Config: config, State: state } = await client.containers.inspect(name)
  const why = refusal(state)
  if (why !== undefined)
    throw new PouchError('conflict', `cannot attach to ${name}: ${why}`, { op: 'cli.attach', subject: name })
  const { exit } = await client.containers.beginWait(id, 'not-running')
  const streams = { stdin: flags.stdin !== false && config.OpenStdin === true, stdout: true, stderr: true }
  const { detachKeys } = flags
  const options = { ...streams, tty: config.Tty === true, ...(detachKeys === undefined ? {} : { detachKeys }) }
  const attached = await client.containers.attach(id, options)
  const sigProxy = flags.sigProxy !== false
  const unproxy = proxyTo(session, { id, sigProxy })
  try {
    return await followProcess(session, attached, { id, streams, detachKeys, sigProxy, exit })
  } finally {
    unproxy()
    attached.close()
  }
}

function refusal(state: {
  readonly Running: boolean
  readonly Paused: boolean
  readonly Restarting: boolean
}): string | undefined {
  if (!state.Running) return 'it does not run; start it first'
  if (state.Paused) return 'it is paused; unpause it first'
  return state.Restarting ? 'it is restarting; wait until it runs' : undefined
}

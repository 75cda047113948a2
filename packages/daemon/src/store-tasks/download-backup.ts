import { once } from 'node:events'
import { link, open, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { PouchError } from '@pouch/errors'
import { parseListenAddress } from '../listen-address.js'

const op = 'daemon.backup'

/**
 * Has the daemon that runs send a copy of its store, which is there whole or not at all.
 *
 * @param addresses where it listens
 * @param inUse the error of whoever tried to open the store beside it
 * @throws PouchError what the daemon says; `unavailable` when it cannot be reached
 */
export async function downloadBackup(addresses: readonly string[], place: string, inUse: PouchError): Promise<void> {
  const socket = addresses.map(parseListenAddress).find((each) => each.kind === 'unix')
  if (socket?.kind !== 'unix') {
    const message = `${inUse.message}; to have that process make the backup, --listen has to name its unix socket`
    throw new PouchError('in-use', message, { op, cause: inUse })
  }
  const reply = await ask(socket.path, inUse)
  if (reply.statusCode !== 200) throw await refusal(reply)
  const partial = `${place}.partial`
  try {
    await save(reply, partial)
    await link(partial, place)
  } catch (error) {
    throw PouchError.from(error, { op, subject: place, message: `${op}: ${place} could not be written` })
  } finally {
    await rm(partial, { force: true })
  }
}

async function ask(socketPath: string, inUse: PouchError): Promise<IncomingMessage> {
  const outgoing = request({ socketPath, path: '/pouch/v1/backup', headers: { host: 'pouchd' }, agent: false })
  outgoing.end()
  try {
    const [reply] = (await once(outgoing, 'response')) as [IncomingMessage]
    return reply
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `${inUse.message}; it was asked for a backup at ${socketPath}: ${why}`
    throw new PouchError('unavailable', message, { op, subject: socketPath, cause })
  }
}

/** One that breaks off is an error of the stream: its length was told beforehand. */
async function save(reply: IncomingMessage, partial: string): Promise<void> {
  const file = await open(partial, 'w', 0o600)
  try {
    for await (const chunk of reply) await file.writeFile(chunk as Uint8Array)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function refusal(reply: IncomingMessage): Promise<PouchError> {
  const body = await text(reply)
  try {
    return PouchError.fromJSON(JSON.parse(body))
  } catch (cause) {
    return new PouchError('internal', `${op}: the daemon answered ${reply.statusCode}: ${body}`, { op, cause })
  }
}

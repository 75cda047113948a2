import { PouchError } from '@pouch/errors'

/** systemd's own numbering: the first descriptor after those of stdin, stdout and stderr. */
const firstDescriptor = 3

/**
 * The listening socket that systemd hands over to a service with a `.socket` unit (LISTEN_PID, LISTEN_FDS).
 *
 * @param env is read once, and the variables are removed from it so that no child takes them for its own
 * @returns its file descriptor; `undefined` when this process was started otherwise
 * @throws PouchError `invalid-argument` when there is more than one
 */
export function inheritedSocket(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const { LISTEN_PID: owner, LISTEN_FDS: count } = env
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]
  if (owner !== String(pid) || count === undefined) return undefined
  if (count === '1') return firstDescriptor
  const text = `systemd hands over ${count} sockets, and one is used: let the .socket unit have a single ListenStream`
  throw new PouchError('invalid-argument', text, { op: 'service.listen', details: { sockets: count } })
}

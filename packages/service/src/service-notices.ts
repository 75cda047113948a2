import { execFile } from 'node:child_process'
import type { ServiceLog } from './run-service.js'

/**
 * What tells systemd how far a service is, where systemd asked for it (NOTIFY_SOCKET). Node has no datagram sockets of the unix
 * kind, so systemd's own program sends the message; the unit therefore needs NotifyAccess=all.
 *
 * @param env is read once, and the variable removed from it so that no child of the service inherits it
 */
export function serviceNotices(
  env: NodeJS.ProcessEnv,
  log: ServiceLog,
): (notice: 'READY=1' | 'STOPPING=1') => Promise<void> {
  const socket = env.NOTIFY_SOCKET
  delete env.NOTIFY_SOCKET
  if (socket === undefined || socket === '') return () => Promise.resolve()
  return (notice) =>
    new Promise((resolve) => {
      const childEnv = { PATH: env.PATH ?? '/usr/bin:/bin', NOTIFY_SOCKET: socket }
      execFile('systemd-notify', [notice], { env: childEnv, timeout: 5000 }, (error) => {
        // A service that works is not stopped because its supervisor cannot be told.
        if (error !== null) log.error({ err: error, socket, notification: notice }, 'systemd could not be notified')
        resolve()
      })
    })
}

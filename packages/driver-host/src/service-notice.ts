import { execFile } from 'node:child_process'
import type { Logger } from '@pouch/volume-core'

/**
 * Tells systemd how far the program is, where systemd asked for it (NOTIFY_SOCKET). Node has no datagram sockets of the unix kind, so systemd's
 * own program sends the message, and a unit needs NotifyAccess=all.
 */
export async function notifyService(message: 'READY=1' | 'STOPPING=1', log: Logger): Promise<void> {
  const socket = process.env.NOTIFY_SOCKET
  if (socket === undefined || socket === '') return
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', NOTIFY_SOCKET: socket }
  await new Promise<void>((resolve) => {
    execFile('systemd-notify', [message], { env, timeout: 5000 }, (error) => {
      // A plugin that works is not stopped because its supervisor cannot be told.
      if (error !== null) log.error({ err: error, notification: message }, 'systemd could not be notified')
      resolve()
    })
  })
}

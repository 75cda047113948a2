import { execFile } from 'node:child_process'
import type { Logger } from '@pouch/volume-core/driver'

/**
 * Tells systemd how far the daemon is, where systemd asked for it (NOTIFY_SOCKET). Node has no datagram sockets of the unix
 * kind, so systemd's own program sends the message; the unit therefore has NotifyAccess=all.
 */
export class ServiceNotifier {
  readonly #socket: string | undefined
  readonly #log: Logger

  /** @param env is read once, and the variable removed from it so that no child of the daemon inherits it */
  constructor(env: NodeJS.ProcessEnv, log: Logger) {
    this.#socket = env.NOTIFY_SOCKET
    this.#log = log
    delete env.NOTIFY_SOCKET
  }

  /** The daemon takes requests. */
  ready(): Promise<void> {
    return this.#send('READY=1')
  }

  /** The daemon is on its way down. */
  stopping(): Promise<void> {
    return this.#send('STOPPING=1')
  }

  #send(message: string): Promise<void> {
    const socket = this.#socket
    if (socket === undefined || socket === '') return Promise.resolve()
    return new Promise((resolve) => {
      const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', NOTIFY_SOCKET: socket }
      execFile('systemd-notify', [message], { env, timeout: 5000 }, (error) => {
        // A daemon that works is not stopped because its supervisor cannot be told.
        if (error !== null)
          this.#log.error({ err: error, socket, notification: message }, 'systemd could not be notified')
        resolve()
      })
    })
  }
}

import { IncomingMessage } from 'node:http'
import { targetOf } from './target.js'

/**
 * A request whose route, not its headers, decides whether the connection is handed over. Docker's clients hijack with and
 * without an `Upgrade` header, and Node asks `upgrade` before it reads a body: so attach and exec start always come as
 * `upgrade` events, with the bytes that follow them untouched, and an `Upgrade` header anywhere else is ignored.
 */
export class ApiRequest extends IncomingMessage {
  get upgrade(): boolean {
    return (
      this.url !== undefined &&
      this.url !== '' &&
      this.method !== undefined &&
      this.method !== null &&
      targetOf(this).hijack !== undefined
    )
  }

  set upgrade(_fromHeaders: unknown) {
    // What the headers say does not matter.
  }
}

import type { TSchema } from '@sinclair/typebox'
import { ErrorBodySchema } from '../schema/words.js'
import type { RouteReply } from './route.js'

const words: Readonly<Record<number, string>> = {
  304: 'nothing to do',
  400: 'the request is not valid',
  404: 'there is no such thing',
  409: 'it conflicts with what is there',
  500: 'the daemon failed',
  501: 'this daemon, or this volume, cannot do that',
  507: 'there is no room for it',
}

/** The replies of a route: its success, and the statuses of its failures; 400 and 500 are always among them. */
export function replies(
  success: number,
  schema: TSchema | undefined,
  others: readonly number[] = [],
): Readonly<Record<number, RouteReply>> {
  const failures = [...others, 400, 500].map((status): [number, RouteReply] => {
    const description = words[status] ?? 'see the message'
    return [status, status < 400 ? { description } : { description, schema: ErrorBodySchema }]
  })
  const description = schema === undefined ? 'done; no body' : 'done'
  return {
    ...Object.fromEntries(failures),
    [success]: schema === undefined ? { description } : { description, schema },
  }
}

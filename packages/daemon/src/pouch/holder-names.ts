import type { Engine } from '@pouch/engine'
import { hasCode, PouchError } from '@pouch/errors'
import type { Handlers } from '../http/route.js'

/** Handlers whose errors name the containers that hold a volume as people call them. The ids stay in the details. */
export function namingHolders(engine: Engine, handlers: Handlers): Handlers {
  const named = Object.entries(handlers).map(([name, handler]) => {
    const handle: typeof handler = async (call) => {
      try {
        return await handler(call)
      } catch (error) {
        throw hasCode(error, 'in-use') ? withNames(engine, error) : error
      }
    }
    return [name, handle] as const
  })
  return Object.fromEntries(named)
}

function withNames(engine: Engine, error: PouchError): PouchError {
  const { code, op, subject, details, message } = error
  if (!Array.isArray(details.holders)) return error
  const holders: ReadonlySet<unknown> = new Set(details.holders)
  const held = engine.containers.list({ all: true }).filter(({ id }) => holders.has(id))
  const told = held.reduce((text, { id, name }) => text.replaceAll(id, name), message)
  return new PouchError(code, told, { op, subject, details, cause: error })
}

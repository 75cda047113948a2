import { compareVersions } from '@pouch/api'
import type { Engine } from '@pouch/engine'
import { hasCode, PouchError } from '@pouch/errors'
import { type RouteCall, sent } from '../http/route.js'
import { StreamReply } from '../http/stream-reply.js'
import { findContainer } from './find-container.js'

const conditions = ['not-running', 'next-exit', 'removed'] as const
type Condition = (typeof conditions)[number]

/** POST /containers/{id}/wait. The headers go at once: clients start the container when they have them. */
export async function waitForContainer(
  engine: Engine,
  { params, query, version, signal, response }: RouteCall,
): Promise<typeof sent> {
  const condition = conditionOf(query.text('condition'), version)
  const { id } = findContainer(engine, params.id ?? '')
  const waiting = engine.containers.wait(id, condition, { signal })
  const reply = new StreamReply(response, 'application/json')
  try {
    const { exitCode, error } = await waiting
    await reply.json({ StatusCode: exitCode, ...(error === undefined ? {} : { Error: { Message: error } }) })
  } catch (error) {
    if (hasCode(error, 'aborted')) {
      reply.destroy()
      return sent
    }
    await reply.json({ StatusCode: 0, Error: { Message: PouchError.from(error).message } })
  }
  reply.end()
  return sent
}

function conditionOf(text: string | undefined, version: string): Condition {
  if (text === undefined || compareVersions(version, '1.30') < 0) return 'not-running'
  const condition = conditions.find((known) => known === text)
  if (condition !== undefined) return condition
  throw new PouchError('invalid-argument', `invalid condition: "${text}"`, { op: 'container.wait', subject: text })
}

import type { Container, Exec } from '@pouch/container-manager'
import type { Engine } from '@pouch/engine'
import { hasCode, PouchError } from '@pouch/errors'

/** The container that a path names. @throws PouchError `not-found` in Docker's words */
export function findContainer(engine: Engine, reference: string): Container {
  try {
    return engine.containers.get(reference)
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error
    throw new PouchError('not-found', `No such container: ${reference}`, {
      op: error.op,
      subject: reference,
      details: error.details,
      cause: error,
    })
  }
}

/** The exec that a path names. @throws PouchError `not-found` in Docker's words */
export function findExec(engine: Engine, id: string): Exec {
  try {
    return engine.containers.execs.get(id)
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error
    throw new PouchError('not-found', `No such exec instance: ${id}`, {
      op: error.op,
      subject: id,
      details: error.details,
      cause: error,
    })
  }
}

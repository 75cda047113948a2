import { PouchError } from '@pouch/errors'

/**
 * What went wrong while a volume's content was read or written, with the volume and the operation.
 *
 * @param passing where the content was on its way: a path that is gone with the failure, so that entries are told without it
 */
export function transferError(verb: string, volume: string, thrown: unknown, passing?: string): PouchError {
  const error = PouchError.from(thrown)
  if (error.op === `volume.${verb}`) return error
  return new PouchError(error.code, `${verb} ${volume}: ${without(error.message, passing)}`, {
    op: `volume.${verb}`,
    subject: volume,
    details: error.details,
    cause: thrown,
  })
}

function without(message: string, passing: string | undefined): string {
  if (passing === undefined) return message
  return message.replaceAll(`${passing}/`, '').replaceAll(passing, 'the volume')
}

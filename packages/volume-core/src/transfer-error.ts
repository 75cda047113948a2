import { PouchError } from '@pouch/errors'

/** What went wrong while a volume's content was read or written, with the volume and the operation. */
export function transferError(verb: string, volume: string, thrown: unknown): PouchError {
  const error = PouchError.from(thrown)
  if (error.op === `volume.${verb}`) return error
  return new PouchError(error.code, `${verb} ${volume}: ${error.message}`, {
    op: `volume.${verb}`,
    subject: volume,
    details: error.details,
    cause: thrown,
  })
}

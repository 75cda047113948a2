import { realpath } from 'node:fs/promises'
import { PouchError } from '@pouch/errors'

/**
 * Where the files of a volume begin. A driver may tell a symbolic link; what is below is never followed out of the volume.
 *
 * @param path what the driver told
 */
export async function treeRoot(path: string, verb: string, volume: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    const about = { op: `volume.${verb}`, subject: volume }
    throw PouchError.from(error, {
      ...about,
      message: `${verb} ${volume}: its driver told a path that cannot be opened`,
    })
  }
}

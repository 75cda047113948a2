import { join } from 'node:path'
import type { VolumeRoot } from './volume-root.js'

/** In a volume's directory: that of its image, alone in it so that it can be copied like a tree. */
export const imageFolder = '_image'

const fileName = 'disk'

/** The image of a volume. */
export function imageFile(root: VolumeRoot, name: string): string
/** The image in a directory that is like a volume's: a snapshot, a draft. */
export function imageFile(directory: string): string
export function imageFile(place: VolumeRoot | string, name = ''): string {
  const directory = typeof place === 'string' ? place : place.directoryOf(name)
  return join(directory, imageFolder, fileName)
}

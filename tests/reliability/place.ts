import { tmpdir } from 'node:os'
import type { ModelState } from './volume-model.js'

/** Where the homes of victims are, and what a crash can leave there that a look at directories, mounts and loop devices does not see. */
export interface Place {
  /** A directory. */
  readonly folder: string
  /** What of this kind is there for a home and belongs to nobody, and what is missing. */
  differences(home: string, told: ModelState): Promise<readonly string[]>
}

/** A filesystem of which nothing more is known. */
export const anywhere: Place = { folder: tmpdir(), differences: async () => [] }

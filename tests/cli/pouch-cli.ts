import { join } from 'node:path'
import { CommandLine } from '../command-line.js'
import { repository } from '../running-pouchd.js'

export { shows } from '../command-line.js'

/** The program `pouch` from dist, as a process, against one daemon. */
export class PouchCli extends CommandLine {
  constructor(address: string) {
    super([process.execPath, join(repository, 'packages/cli/bin/pouch.js')], { POUCH_HOST: address })
  }
}

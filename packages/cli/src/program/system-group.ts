import type { Command } from 'commander'
import type { Runner } from './runner.js'

/** Adds `pouch system …`. */
export function addSystemGroup(program: Command, runner: Runner): void {
  const system = program.command('system').description('look at the daemon as a whole')

  system
    .command('df')
    .description('show what takes up space')
    .option('--format <template>', 'json, table or a template')
    .option('-v, --verbose', 'show each image, container and volume')
    .action((flags) =>
      runner.run(async (session) => (await import('../commands/system-df.js')).systemDf(session, flags)),
    )
}

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

  system
    .command('backup')
    .description('copy what the daemon knows of volumes and containers, for `pouchd --restore`')
    .argument('[file]', 'where to; stdout unless given, or for -')
    .action((file) =>
      runner.run(async (session) => (await import('../commands/system-backup.js')).systemBackup(session, file)),
    )
}

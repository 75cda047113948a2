import type { Command } from 'commander'
import { collect } from '../command-line.js'
import type { Runner } from './runner.js'

/** Adds the commands that carry the content of volumes. */
export function addTransferCommands(volume: Command, runner: Runner): void {
  volume
    .command('export')
    .description('write the content of a volume as a tar archive')
    .argument('<volume>')
    .option('-o, --output <file>', 'write to a file instead of stdout; it appears once it is whole')
    .option('--compress <format>', 'compress it: gzip or zstd')
    .option('--inconsistent', 'also while somebody may be writing')
    .action((name, flags) =>
      runner.run(async (session) => (await import('../commands/volume-export.js')).volumeExport(session, name, flags)),
    )

  volume
    .command('import')
    .description('make a volume of a tar archive, plain or compressed by gzip or zstd')
    .usage('[options] [FILE|-] NAME')
    .argument('<file|name>', 'the archive, - for stdin; the name when it is the only one')
    .argument('[name]', "the new volume's name")
    .option('-d, --driver <name>', 'the driver; local unless given')
    .option('-o, --opt <key=value>', 'set an option of the driver', collect)
    .option('--option <key=value>', 'the same as --opt', collect)
    .option('-l, --label <key=value>', 'set a label', collect)
    .action((first, second, flags) =>
      runner.run(async (session) =>
        (await import('../commands/volume-import.js')).volumeImport(session, first, second, flags),
      ),
    )

  volume
    .command('migrate')
    .description('move a volume that nothing uses to another driver')
    .argument('<volume>')
    .requiredOption('-d, --driver <name>', 'the driver that it moves to')
    .option('-o, --opt <key=value>', 'set an option of that driver', collect)
    .option('--option <key=value>', 'the same as --opt', collect)
    .action((name, flags) =>
      runner.run(async (session) =>
        (await import('../commands/volume-migrate.js')).volumeMigrate(session, name, flags),
      ),
    )
}

import type { Command } from 'commander'
import { collect } from '../command-line.js'
import type { Runner } from './runner.js'
import { addSnapshotCommands } from './snapshot-commands.js'
import { addTransferCommands } from './transfer-commands.js'

/** Adds `pouch volume …`. Handlers are loaded when they are called. */
export function addVolumeCommands(program: Command, runner: Runner): void {
  const volume = program.command('volume').description('manage volumes')

  volume
    .command('create')
    .description('make a volume')
    .argument('[name]', 'its name; a random one unless given')
    .option('-n, --name <name>', 'its name')
    .option('-d, --driver <name>', 'the driver; local unless given')
    .option('--from <volume[@snapshot]>', 'with the content of another volume, or of a snapshot of it')
    .option('--inconsistent', 'with --from: also when it is a copy that somebody may be writing into')
    .option('-o, --opt <key=value>', 'set an option of the driver', collect)
    .option('--option <key=value>', 'the same as --opt', collect)
    .option('-l, --label <key=value>', 'set a label', collect)
    .option('-s, --selector <key=value>', 'set a selector, which the driver gets as the option selector.KEY', collect)
    .action((name, flags) =>
      runner.run(async (session) => (await import('../commands/volume-create.js')).volumeCreate(session, name, flags)),
    )

  volume
    .command('list')
    .alias('ls')
    .description('list volumes')
    .option('-f, --filter <key=value>', 'only those with: name, driver, label, dangling', collect)
    .option('--format <template>', 'json, table or a template')
    .option('-q, --quiet', 'names only')
    .option('--size', 'show limits, and what is used')
    .option('--mountpoint', 'show mount points')
    .action((flags) =>
      runner.run(async (session) => (await import('../commands/volume-list.js')).volumeList(session, flags)),
    )

  volume
    .command('inspect')
    .description('show volumes as JSON')
    .argument('<volume...>')
    .option('-f, --format <template>', 'json or a template')
    .option('-s, --size', 'wait for the usage, however long the files take to count')
    .action((names, flags) =>
      runner.run(async (session) =>
        (await import('../commands/volume-inspect.js')).volumeInspect(session, names, flags),
      ),
    )

  volume
    .command('remove')
    .alias('rm')
    .description('remove volumes with their data')
    .argument('<volume...>')
    .option('-f, --force', 'no error when one is missing; forget one whose driver fails')
    .action((names, flags) =>
      runner.run(async (session) => (await import('../commands/volume-remove.js')).volumeRemove(session, names, flags)),
    )

  volume
    .command('prune')
    .description(
      'remove the nameless volumes that no container uses; kept are those with driver options or of global drivers',
    )
    .option('-a, --all', 'named ones too')
    .option('--filter <key=value>', 'only those with: label, label!, all', collect)
    .option('-f, --force', 'do not ask')
    .action((flags) =>
      runner.run(async (session) => (await import('../commands/volume-prune.js')).volumePrune(session, flags)),
    )

  volume
    .command('update')
    .description('change the size or the labels of a volume')
    .argument('<volume>')
    .option('--size <size>', 'bring it to this size, like 10g')
    .option('-l, --label <key=value>', 'set a label', collect)
    .option('--label-rm <key>', 'take a label away', collect)
    .action((name, flags) =>
      runner.run(async (session) => (await import('../commands/volume-update.js')).volumeUpdate(session, name, flags)),
    )

  volume
    .command('rename')
    .description('give a volume that nothing uses another name')
    .argument('<volume>')
    .argument('<name>')
    .action((name, newName) => runner.run(async ({ client }) => void (await client.pouch.renameVolume(name, newName))))

  addSnapshotCommands(volume, runner)
  addTransferCommands(volume, runner)
}

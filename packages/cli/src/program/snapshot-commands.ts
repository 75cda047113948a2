import type { Command } from 'commander'
import { collect } from '../command-line.js'
import type { Runner } from './runner.js'

/** Adds `pouch volume snapshot …`. */
export function addSnapshotCommands(volume: Command, runner: Runner): void {
  const snapshot = volume.command('snapshot').description('keep states of volumes, and bring them back')

  snapshot
    .command('create')
    .description('keep a volume as it is now')
    .argument('<volume>')
    .argument('[name]', "the snapshot's name; made of the time unless given")
    .option('-l, --label <key=value>', 'set a label', collect)
    .option('--inconsistent', 'also when it is a copy that somebody may be writing into')
    .action((name, snapshotName, flags) =>
      runner.run(async (session) =>
        (await import('../commands/snapshot-create.js')).snapshotCreate(session, name, snapshotName, flags),
      ),
    )

  snapshot
    .command('list')
    .alias('ls')
    .description('list the snapshots of a volume')
    .argument('<volume>')
    .option('--format <template>', 'json, table or a template')
    .option('-q, --quiet', 'names only')
    .action((name, flags) =>
      runner.run(async (session) => (await import('../commands/snapshot-list.js')).snapshotList(session, name, flags)),
    )

  snapshot
    .command('remove')
    .alias('rm')
    .description('remove snapshots of a volume')
    .argument('<volume>')
    .argument('<snapshot...>')
    .action((name, snapshots) =>
      runner.run(async (session) =>
        (await import('../commands/snapshot-remove.js')).snapshotRemove(session, name, snapshots),
      ),
    )

  snapshot
    .command('restore')
    .description('make a volume that is not mounted what it was')
    .argument('<volume>')
    .argument('<snapshot>')
    .action((name, snapshotName) =>
      runner.run(async ({ client }) => void (await client.pouch.snapshots.restore(name, snapshotName))),
    )
}

import type { Command } from 'commander'
import { collect } from '../command-line.js'
import type { Runner } from './runner.js'

/** Adds the commands of the daemon and of the program itself. */
export function addSystemCommands(program: Command, runner: Runner): void {
  program
    .command('info')
    .description('show what the daemon is and runs on')
    .option('-f, --format <template>', 'json or a template')
    .action((flags) => runner.run(async (session) => (await import('../commands/info.js')).info(session, flags)))

  program
    .command('version')
    .description('show the versions of the client and the daemon')
    .option('-f, --format <template>', 'json or a template')
    .action((flags) => runner.run(async (session) => (await import('../commands/version.js')).version(session, flags)))

  program
    .command('events')
    .description('follow what happens')
    .option('-f, --filter <key=value>', 'only those with: type, event, container, image, volume, label', collect)
    .option('--format <template>', 'json or a template')
    .option('--since <moment>', 'from then on: a date, or 10m for ten minutes ago')
    .option('--until <moment>', 'up to then')
    .action((flags) => runner.run(async (session) => (await import('../commands/events.js')).events(session, flags)))

  program
    .command('completion')
    .description('print a script that completes commands in a shell: source <(pouch completion bash)')
    .argument('<shell>', 'bash')
    .action((shell) => runner.run(async ({ io }) => (await import('../commands/completion.js')).completion(io, shell)))

  program
    .command('__complete', { hidden: true })
    .passThroughOptions()
    .allowUnknownOption()
    .argument('[words...]')
    .action((words) =>
      runner.run(async (session) => (await import('../commands/complete.js')).complete(session, program, words)),
    )
}

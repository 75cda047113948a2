import type { Command } from 'commander'
import { collect } from '../command-line.js'
import type { Runner } from './runner.js'

/** Adds the commands that look at containers or change them. */
export function addContainerCommands(program: Command, runner: Runner): void {
  for (const verb of ['stop', 'restart'] as const) {
    program
      .command(verb)
      .description(verb === 'stop' ? 'stop running containers' : 'stop containers and start them again')
      .argument('<container...>')
      .option('-s, --signal <signal>', 'the signal that asks the process to end')
      .option('-t, --time <seconds>', 'how long to wait before it is killed')
      .option('--timeout <seconds>', 'the same as --time')
      .action((names, flags) =>
        runner.run(async (session) => (await import('../commands/stop.js')).stopOrRestart(session, verb, names, flags)),
      )
  }

  program
    .command('kill')
    .description('send a signal to running containers')
    .argument('<container...>')
    .option('-s, --signal <signal>', 'the signal, KILL unless given')
    .action((names, flags) =>
      runner.run(async (session) => (await import('../commands/kill.js')).kill(session, names, flags)),
    )

  program
    .command('rm')
    .description('remove containers')
    .argument('<container...>')
    .option('-f, --force', 'kill a running one')
    .option('-v, --volumes', 'remove its nameless volumes too')
    .action((names, flags) =>
      runner.run(async (session) => (await import('../commands/rm.js')).rm(session, names, flags)),
    )

  for (const verb of ['pause', 'unpause'] as const) {
    program
      .command(verb)
      .description(verb === 'pause' ? 'freeze the processes of containers' : 'let frozen processes go on')
      .argument('<container...>')
      .action((names) =>
        runner.run(async (session) => (await import('../commands/pause.js')).pauseOrUnpause(session, verb, names)),
      )
  }

  program
    .command('rename')
    .description('give a container another name')
    .argument('<container>')
    .argument('<name>')
    .action((id, name) => runner.run(async ({ client }) => void (await client.containers.rename(id, name))))

  program
    .command('wait')
    .description('wait until containers have stopped, and print their exit codes')
    .argument('<container...>')
    .action((names) => runner.run(async (session) => (await import('../commands/wait.js')).wait(session, names)))

  program
    .command('ps')
    .description('list containers')
    .option('-a, --all', 'stopped ones too')
    .option('-f, --filter <key=value>', 'only those with: id, name, status, label, volume, ancestor, …', collect)
    .option('--format <template>', 'json, table or a template')
    .option('-n, --last <number>', 'the last ones that were made')
    .option('-l, --latest', 'the last one that was made')
    .option('--no-trunc', 'nothing shortened')
    .option('-q, --quiet', 'ids only')
    .option('-s, --size', 'show sizes')
    .action((flags) => runner.run(async (session) => (await import('../commands/ps.js')).ps(session, flags)))

  program
    .command('logs')
    .description('print what a container has written')
    .argument('<container>')
    .option('-f, --follow', 'go on with what it writes')
    .option('--since <moment>', 'from then on: a date, or 10m for ten minutes ago')
    .option('--until <moment>', 'up to then')
    .option('-n, --tail <lines>', 'the last lines only')
    .option('-t, --timestamps', 'the time before each line')
    .option('--details', 'extra attributes before each line')
    .action((name, flags) =>
      runner.run(async (session) => (await import('../commands/logs.js')).logs(session, name, flags)),
    )

  program
    .command('inspect')
    .description('show containers, images or volumes as JSON')
    .argument('<name...>')
    .option('-f, --format <template>', 'json or a template')
    .option('-s, --size', 'show the sizes of containers')
    .option('--type <type>', 'container, image or volume')
    .action((names, flags) =>
      runner.run(async (session) => (await import('../commands/inspect.js')).inspect(session, names, flags)),
    )
}

import type { Command } from 'commander'
import { collect } from '../command-line.js'
import { addContainerOptions } from './container-options.js'
import type { Runner } from './runner.js'

const detachKeys = ['--detach-keys <keys>', 'the keys that leave the container running: ctrl-p,ctrl-q'] as const

/** Adds the commands that start processes or connect to them. */
export function addRunCommands(program: Command, runner: Runner): void {
  addContainerOptions(
    program
      .command('run')
      .description('make a container and run a command in it')
      .passThroughOptions()
      .helpOption('--help'),
  )
    .argument('<image>')
    .argument('[command...]')
    .option('-d, --detach', 'run it in the background and print its id')
    .option(...detachKeys)
    .option('--sig-proxy', 'pass signals on to the process', true)
    .action((image, command, flags) =>
      runner.run(async (session) => (await import('../commands/run.js')).run(session, image, command, flags), 125),
    )

  addContainerOptions(
    program
      .command('create')
      .description('make a container without starting it')
      .passThroughOptions()
      .helpOption('--help'),
  )
    .argument('<image>')
    .argument('[command...]')
    .action((image, command, flags) =>
      runner.run(async (session) => (await import('../commands/create.js')).create(session, image, command, flags)),
    )

  program
    .command('start')
    .description('start containers')
    .argument('<container...>')
    .option('-a, --attach', 'attach to its output and pass signals on')
    .option('-i, --interactive', 'attach to its input too')
    .option(...detachKeys)
    .option('--sig-proxy', 'pass signals on to the process', true)
    .action((names, flags) =>
      runner.run(async (session) => (await import('../commands/start.js')).start(session, names, flags)),
    )

  program
    .command('attach')
    .description('connect to the streams of a running container')
    .argument('<container>')
    .option(...detachKeys)
    .option('--no-stdin', 'leave its input alone')
    .option('--sig-proxy', 'pass signals on to the process', true)
    .action((name, flags) =>
      runner.run(async (session) => (await import('../commands/attach.js')).attach(session, name, flags)),
    )

  program
    .command('exec')
    .description('run a command in a running container')
    .passThroughOptions()
    .argument('<container>')
    .argument('<command...>')
    .option('-d, --detach', 'leave it in the background')
    .option(...detachKeys)
    .option('-e, --env <name=value>', 'set a variable', collect)
    .option('--env-file <file>', 'read variables from a file', collect)
    .option('-i, --interactive', 'keep stdin open')
    .option('--privileged', 'give all capabilities')
    .option('-t, --tty', 'give the process a terminal')
    .option('-u, --user <user[:group]>', 'run as a user of the image')
    .option('-w, --workdir <path>', 'the working directory')
    .action((name, command, flags) =>
      runner.run(async (session) => (await import('../commands/exec.js')).exec(session, name, command, flags)),
    )
}
